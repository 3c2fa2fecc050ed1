//! x
/// x
pub fn uri(t:&str)->String{t.into()}
/// x
pub fn json(t:&str)->String{t.into()}
