//! The templates of files that components bring. Their values are known only when a target renders, so they come as a tree, and are
//! read into the types that the templates want.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Template, TemplateError, filters, render};

/// The text of a template by its name, such as `postgres/init.sql`.
///
/// # Errors
/// There is no such template, the values are not those that it reads, or one cannot be written in its syntax.
pub fn fill(name: &'static str, values: impl Serialize) -> Result<String, TemplateError> {
    match name {
        "kafka/topics.sh" => read::<Topics>(name, values),
        "postgres/backup.sh" => read::<Backup>(name, values),
        "postgres/init.sh" => read::<InitScript>(name, values),
        "postgres/init.sql" => read::<InitSql>(name, values),
        "postgres/pool.sh" => read::<Pool>(name, values),
        _ => Err(TemplateError { template: name, detail: "there is none of this name".to_owned() }),
    }
}

fn read<T: Template + DeserializeOwned>(name: &'static str, values: impl Serialize) -> Result<String, TemplateError> {
    let template: Result<T, _> = serde_json::to_value(values).and_then(serde_json::from_value);
    render(name, &template.map_err(|error| TemplateError { template: name, detail: error.to_string() })?)
}

#[derive(Deserialize, Template)]
#[template(path = "kafka/topics.sh.j2", escape = "sh")]
struct Topics {
    topics: Vec<Topic>,
    /// Whether any of them has another number of copies than every topic gets.
    replicated: bool,
}

#[derive(Deserialize)]
struct Topic {
    name: String,
    partitions: u32,
    replicas: Option<u16>,
    in_sync: Option<u16>,
    retention_ms: Option<u64>,
}

#[derive(Deserialize, Template)]
#[template(path = "postgres/init.sh.j2", escape = "sh")]
struct InitScript {
    owners: Vec<Owner>,
    databases: Vec<Database>,
}

impl InitScript {
    /// The databases that are filled, each with the variable of its owner's password.
    fn filled(&self) -> askama::Result<Vec<(&Database, &str)>> {
        let filled = self.databases.iter().filter(|database| !database.init.is_empty());
        let with_password = filled.map(|database| {
            let owner = self.owners.iter().find(|owner| owner.name == database.owner);
            let owner = owner.ok_or_else(|| askama::Error::custom(format!("`{}` belongs to nobody who is named", database.name)))?;
            Ok((database, owner.variable.as_str()))
        });
        with_password.collect()
    }
}

#[derive(Deserialize, Template)]
#[template(path = "postgres/init.sql.j2", escape = "sql")]
struct InitSql {
    owners: Vec<Owner>,
    databases: Vec<Database>,
}

#[derive(Deserialize)]
struct Owner {
    name: String,
    /// The variable that holds the password.
    variable: String,
}

#[derive(Deserialize)]
struct Database {
    name: String,
    owner: String,
    /// The files that fill it, where they are mounted.
    init: Vec<String>,
}

#[derive(Deserialize, Template)]
#[template(path = "postgres/backup.sh.j2", escape = "sh")]
struct Backup {
    folder: String,
    databases: Vec<Dumped>,
}

#[derive(Deserialize)]
struct Dumped {
    name: String,
    owner: String,
    /// The variable that holds the owner's password.
    variable: String,
}

#[derive(Deserialize, Template)]
#[template(path = "postgres/pool.sh.j2", escape = "sh")]
struct Pool {
    owners: Vec<Owner>,
}
