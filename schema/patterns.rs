/// The functions of `forms`, and the pattern of the schema that each of them stands for.
const PATTERNS: &[(&str, &str)] = &[
    ("name", r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"),
    ("network_name", r"^[a-z]([-_a-z0-9]{0,61}[a-z0-9])?$"),
    ("dataset_name", r"^[A-Za-z_][-_.A-Za-z0-9]{0,62}$"),
    ("env_name", r"^[A-Za-z_][A-Za-z0-9_]*$"),
    ("variable_name", r"^[A-Z][A-Z0-9_]*$"),
    ("resource_ref", r"^[a-z][-_a-z0-9]*(/[-_.A-Za-z0-9]+)?$"),
    ("version", r"^[0-9]+(\.[0-9A-Za-z-]+)*$"),
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
