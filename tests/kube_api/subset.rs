//! Whether the server kept what was written: every field that stands in the manifest stands in the stored object with the
//! same value. What the server adds does not count.

use serde_json::Value;

/// The fields that were written and not kept, or not with their value.
pub fn lost(written: &Value, stored: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    compare("", written, stored, &mut faults);
    faults
}

fn compare(path: &str, written: &Value, stored: &Value, faults: &mut Vec<String>) {
    match (written, stored) {
        (Value::Object(written), Value::Object(stored)) => {
            for (key, value) in written {
                compare(&format!("{path}/{key}"), value, stored.get(key).unwrap_or(&Value::Null), faults);
            }
        }
        (Value::Array(written), Value::Array(stored)) if written.len() == stored.len() => {
            for (index, (written, stored)) in written.iter().zip(stored).enumerate() {
                compare(&format!("{path}/{index}"), written, stored, faults);
            }
        }
        // The server leaves an empty list out.
        (Value::Array(list), Value::Null) if list.is_empty() => {}
        _ if written == stored || same_quantity(path, written, stored) => {}
        _ => faults.push(format!("{path}: written {written}, stored {stored}")),
    }
}

/// The server writes quantities in its own way: `0.5` becomes `500m`, `1024Mi` becomes `1Gi`.
fn same_quantity(path: &str, written: &Value, stored: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let holds_quantities = ["/requests/", "/limits/", "/capacity/", "/sizeLimit"].iter().any(|part| path.contains(part));
    holds_quantities && quantity(&text(written)).is_some_and(|amount| quantity(&text(stored)) == Some(amount))
}

/// A quantity in thousandths.
fn quantity(text: &str) -> Option<i128> {
    let end = text.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let thousandths: i128 = format!("{whole}{fraction:0<3}").parse().ok().filter(|_| fraction.len() <= 3)?;
    let unit = match suffix {
        "m" => return (thousandths % 1000 == 0).then_some(thousandths / 1000),
        "" => 1,
        "k" => 1000,
        "M" => 1000_i128.pow(2),
        "G" => 1000_i128.pow(3),
        "T" => 1000_i128.pow(4),
        "Ki" => 1024,
        "Mi" => 1024_i128.pow(2),
        "Gi" => 1024_i128.pow(3),
        "Ti" => 1024_i128.pow(4),
        _ => return None,
    };
    Some(thousandths * unit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::lost;

    #[test]
    fn what_the_server_adds_does_not_count() {
        let written = json!({ "spec": { "ports": [{ "port": 80 }], "ingress": [] } });
        let stored = json!({ "spec": { "ports": [{ "port": 80, "protocol": "TCP" }], "type": "ClusterIP" }, "status": {} });
        assert_eq!(lost(&written, &stored), [""; 0]);
    }

    #[test]
    fn what_is_dropped_or_changed_is_seen_where_it_stands() {
        let written = json!({ "a": { "b": [1, { "c": "x" }] }, "d": {}, "e": [1], "f": "0.5" });
        let stored = json!({ "a": { "b": [1, { "c": "y" }] }, "e": [1, 2], "f": "500m" });
        let faults = lost(&written, &stored);
        let paths: Vec<&str> = faults.iter().filter_map(|fault| fault.split(':').next()).collect();
        assert_eq!(paths, ["/a/b/1/c", "/d", "/e", "/f"], "{faults:?}");
    }

    #[test]
    fn equal_quantities_are_equal_however_they_are_written() {
        let same = |written, stored| lost(&json!({ "limits": { "x": written } }), &json!({ "limits": { "x": stored } })).is_empty();
        for (written, stored) in [("0.5", "500m"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("2", "2"), ("1000k", "1M")] {
            assert!(same(written, stored), "{written} {stored}");
        }
        for (written, stored) in [("0.5", "50m"), ("1Gi", "1G"), ("1", "1k"), ("x", "y")] {
            assert!(!same(written, stored), "{written} {stored}");
        }
    }
}
