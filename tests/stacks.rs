//! In which order stacks start, and who makes what several of them share.

use pipegen::compile::{Options, compile};
use pipegen::platform::Platform;
use pipegen::source::Source;

fn platform(text: &str) -> Platform {
    let source = Source::new("shop.yml", format!("blueprint: v1\nname: shop\n{text}"));
    let compiled = compile(&source, &Options::default());
    let said: Vec<&str> = compiled.diagnostics.iter().map(|located| located.diagnostic.message.as_str()).collect();
    compiled.platform.unwrap_or_else(|| panic!("{said:?}"))
}

fn stacks(platform: &Platform) -> Vec<&str> {
    platform.stacks.iter().filter_map(|stack| stack.name.as_deref()).collect()
}

fn maker(platform: &Platform, owner: usize) -> Option<&str> {
    platform.stacks[owner].name.as_deref()
}

const SHARED_VOLUME: &str = "networks: { na: {}, nb: {} }
stacks: { web: { network: na }, data: { network: nb } }
volumes: { shared: { mount: /data, group: 5000 } }
services:
  db: { component: postgres, stack: data, databases: [x] }
  one: { component: container, image: \"nginx:1.30.4\", stack: web, networks: [na, nb], volumes: [shared], uses: [db] }
  two: { component: container, image: \"nginx:1.30.4\", stack: data, volumes: [shared] }
";

#[test]
fn a_volume_is_made_by_the_first_stack_to_start_that_mounts_it() {
    let platform = platform(SHARED_VOLUME);
    assert_eq!(stacks(&platform), ["data", "web"]);
    assert_eq!(
        maker(&platform, platform.volumes.iter().find(|volume| volume.name == "shared").expect("it is mounted").owner),
        Some("data")
    );
}

#[test]
fn the_group_of_a_volume_is_set_in_the_stack_that_makes_it_before_anything_mounts_it() {
    let platform = platform(SHARED_VOLUME);
    let workload = |name: &str| platform.workloads.iter().find(|workload| workload.name == name).expect("it is there");
    let job = workload("shared-group");
    assert_eq!((maker(&platform, job.stack), job.networks.as_slice()), (Some("data"), &["nb".to_owned()][..]));
    for mounter in ["one", "two"] {
        assert!(workload(mounter).waits.iter().any(|(name, _)| name == "shared-group"), "{mounter}");
    }
}

#[test]
fn a_network_that_is_nobodys_home_adds_no_order() {
    // `core` is the first by name, but waits for `tools`.
    let platform = platform(
        "stacks: { core: {}, tools: {} }
services:
  one: { component: container, image: \"nginx:1.30.4\", stack: tools }
  two: { component: container, image: \"nginx:1.30.4\", stack: core, uses: { one: { ready: started } } }
",
    );
    assert_eq!(stacks(&platform), ["tools", "core"]);
    assert_eq!(maker(&platform, platform.networks[0].owner), Some("tools"));
}

#[test]
fn a_stack_starts_after_those_whose_home_its_networks_are() {
    let platform = platform(
        "networks: { back: {}, front: {} }
stacks: { web: { network: front }, data: { network: back } }
services:
  web: { component: container, image: \"nginx:1.30.4\", stack: web, networks: [front, back] }
  db: { component: postgres, stack: data, databases: [x] }
",
    );
    assert_eq!(stacks(&platform), ["data", "web"]);
}
