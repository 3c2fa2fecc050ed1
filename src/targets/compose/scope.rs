//! What the lowering of every service needs to know of the rest.

use super::plan::ComposePlan;
use crate::formats::Layout;
use crate::formats::text::Resolver;
use crate::platform::Platform;

/// What is planned, and what was found on the way.
pub struct Scope<'a, 'p> {
    /// Texts.
    pub resolver: Resolver<'a>,
    /// Paths.
    pub layout: &'p Layout,
    /// Who makes what, and the pieces of the platform by name.
    pub plan: &'p ComposePlan<'a>,
}

impl<'a, 'p> Scope<'a, 'p> {
    /// A scope for a platform.
    pub fn new(platform: &'a Platform, layout: &'p Layout, plan: &'p ComposePlan<'a>) -> Self {
        Self { resolver: super::text::resolver(platform), layout, plan }
    }
}
