/// The functions of `forms`, and the pattern of the schema that each of them stands for.
const PATTERNS: &[(&str, &str)] = &[
    ("name", r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"),
    ("network_name", r"^[a-z]([-_a-z0-9]{0,61}[a-z0-9])?$"),
    ("dataset_name", r"^[A-Za-z_][-_.A-Za-z0-9]{0,62}$"),
    ("env_name", r"^[A-Za-z_][A-Za-z0-9_]*$"),
    ("variable_name", r"^[A-Z][A-Z0-9_]*$"),
    ("resource_ref", r"^[a-z][-_a-z0-9]*(/[-_.A-Za-z0-9]+)?$"),
    ("user", r"^([0-9]{1,9}(:[0-9]{1,9})?|\$\{parameters\.[a-z][a-z0-9_]*\})$"),
    ("version", r"^[0-9]+(\.[0-9A-Za-z-]+)*$"),
    ("parameter", r"^\$\{parameters\.[a-z][a-z0-9_]*\}$"),
    ("cpu", r"^([0-9]{1,4}(\.[0-9]{1,3})?|\$\{parameters\.[a-z][a-z0-9_]*\})$"),
    ("size", r"^([1-9][0-9]{0,9}[KMGT]i|\$\{parameters\.[a-z][a-z0-9_]*\})$"),
    ("duration", r"^([0-9]{1,9}(ms|s|m|h|d)|\$\{parameters\.[a-z][a-z0-9_]*\})$"),
    (
        "address",
        r"^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}|[0-9a-fA-F:]*:[0-9a-fA-F:]*)$",
    ),
    ("parametric", r"^(?:[^$]|\$\$|\$(?![{$])|\$\{parameters\.[a-z][a-z0-9_]*\})*$"),
    (
        "deployable",
        r"^(?:[^$]|\$\$|\$(?![{$])|\$\{parameters\.[a-z][a-z0-9_]*\}|\$\{env\.[A-Z][A-Z0-9_]*(?::-[^}]*)?\})*$",
    ),
    (
        "text",
        r"^(?:[^$]|\$\$|\$(?![{$])|\$\{env\.[A-Z][A-Z0-9_]*(?::-[^}]*)?\}|\$\{[a-z][-_a-z0-9]*(?:/[-_.A-Za-z0-9]+)?\.[a-z0-9][-_.a-z0-9]*\})*$",
    ),
];
