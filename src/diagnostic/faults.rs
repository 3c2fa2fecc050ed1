//! Where faults were reported, so that their mere consequences stay silent.

use std::collections::BTreeSet;

use crate::source::Pointer;

/// Pointers at which a fault was reported.
#[derive(Debug, Clone, Default)]
pub struct Faults(BTreeSet<Pointer>);

impl Faults {
    /// Remembers a place.
    pub fn add(&mut self, pointer: Pointer) {
        self.0.insert(pointer);
    }

    /// Whether a fault was reported at exactly this place.
    pub fn contains(&self, pointer: &Pointer) -> bool {
        self.0.contains(pointer)
    }

    /// Whether a fault was reported at this place or around it.
    pub fn covers(&self, pointer: &Pointer) -> bool {
        std::iter::successors(Some(pointer.clone()), |at| (!at.as_str().is_empty()).then(|| at.parent())).any(|at| self.0.contains(&at))
    }

    /// Whether a fault was reported at this place, inside it or around it.
    pub fn touches(&self, pointer: &Pointer) -> bool {
        let inside = self
            .0
            .range(pointer.clone()..)
            .take_while(|fault| fault.as_str().starts_with(pointer.as_str()))
            .any(|fault| fault.is_within(pointer));
        inside || self.covers(pointer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_touches_what_contains_it_and_what_it_contains() {
        let mut faults = Faults::default();
        faults.add(Pointer::parse("/services/kafka/uses"));
        for touched in ["/services/kafka", "/services/kafka/uses/0", "/services", ""] {
            assert!(faults.touches(&Pointer::parse(touched)), "{touched}");
        }
        for sound in ["/services/kaf", "/services/kafka/usesx", "/networks"] {
            assert!(!faults.touches(&Pointer::parse(sound)), "{sound}");
        }
        assert!(faults.covers(&Pointer::parse("/services/kafka/uses/0")));
        assert!(!faults.covers(&Pointer::parse("/services/kafka")));
    }
}
