//! The id of the cluster, which its storage is bound to for ever.

use sha2::{Digest, Sha256};

/// The cluster id is no secret, but a storage folder is bound to it for ever: it is derived from the names, so that
/// nothing that can be lost is needed to start an existing volume. Kafka wants 16 bytes in base64url without padding,
/// and its own generator avoids a leading dash (`kafka-storage` would read it as an option).
pub(super) fn cluster_id(blueprint: &str, service: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let hash = Sha256::digest(format!("{blueprint}/{service}"));
    let bits = hash[..16].iter().fold(0u128, |bits, byte| (bits << 8) | u128::from(*byte));
    let id: String = (0..22)
        .map(|index| {
            let shift = 122_i32 - 6 * index;
            let sextet = if shift >= 0 { bits >> shift } else { bits << -shift };
            char::from(ALPHABET[usize::try_from(sextet & 63).unwrap_or(0)])
        })
        .collect();
    if id.starts_with('-') { id.replacen('-', "A", 1) } else { id }
}

#[cfg(test)]
mod tests {
    use super::cluster_id;

    #[test]
    fn cluster_ids_are_what_kafka_makes() {
        for service in ["kafka", "events", "a", "b", "c"] {
            let id = cluster_id("capstone", service);
            assert_eq!(id.len(), 22, "{id}");
            assert!(!id.starts_with('-'));
            // 22 characters carry 132 bits; the last four are padding and must be zero to decode strictly.
            assert!("AQgw".contains(id.chars().last().expect("not empty")), "{id}");
        }
        assert_eq!(cluster_id("capstone", "kafka"), cluster_id("capstone", "kafka"));
        assert_ne!(cluster_id("capstone", "kafka"), cluster_id("bigdata", "kafka"));
    }
}
