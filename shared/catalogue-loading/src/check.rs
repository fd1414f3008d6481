//! The two checks of a document: its schema, then the rules that a schema cannot express.

use std::fmt;

use order_domain::catalogue::Catalogue;
use serde_json::Value;

const SCHEMA: &str = include_str!("../../../catalog/schema/catalogue.schema.json");

/// A document that is a catalogue, whoever loads it.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedCatalogue {
    document: Value,
    version: i32,
    products: usize,
}

/// Why a document is no catalogue: a line per problem, each with its JSON pointer where it has one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidCatalogue {
    what: &'static str,
    problems: Vec<String>,
}

impl CheckedCatalogue {
    /// Checks a document; the schema first, because its findings name the place in the file.
    ///
    /// # Errors
    /// [`InvalidCatalogue`] with all problems of the first check that it fails.
    pub fn parse(document: Value) -> Result<Self, InvalidCatalogue> {
        check_schema(&document)?;
        let refused = |problem: String| InvalidCatalogue::new("cannot be read", vec![problem]);
        let catalogue: Catalogue =
            serde_json::from_value(document.clone()).map_err(|error| refused(error.to_string()))?;
        if let Err(problems) = catalogue.validate() {
            let problems = problems.iter().map(ToString::to_string).collect();
            return Err(InvalidCatalogue::new("breaks the rules of a catalogue", problems));
        }
        let version =
            i32::try_from(catalogue.version).map_err(|error| refused(error.to_string()))?;
        Ok(Self { document, version, products: catalogue.products.len() })
    }

    /// The document as it came.
    #[must_use]
    pub const fn document(&self) -> &Value {
        &self.document
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> i32 {
        self.version
    }

    /// How many products it has.
    #[must_use]
    pub const fn products(&self) -> usize {
        self.products
    }
}

impl InvalidCatalogue {
    const fn new(what: &'static str, problems: Vec<String>) -> Self {
        Self { what, problems }
    }

    /// All problems, at least one.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for InvalidCatalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, problems } = self;
        write!(f, "the document {what}, problems: {}", problems.len())?;
        problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

fn check_schema(document: &Value) -> Result<(), InvalidCatalogue> {
    let unusable = |error: String| InvalidCatalogue::new("has no usable schema", vec![error]);
    let schema: Value =
        serde_json::from_str(SCHEMA).map_err(|error| unusable(error.to_string()))?;
    let validator =
        jsonschema::validator_for(&schema).map_err(|error| unusable(error.to_string()))?;
    let problems: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {}", error.instance_path(), error.kind().keyword()))
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(InvalidCatalogue::new("breaks the schema", problems))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SAMPLE: &str = include_str!("../../../catalog/catalogue.json");

    #[test]
    fn the_catalogue_of_this_workspace_is_accepted() {
        let sample: Value = serde_json::from_str(SAMPLE).unwrap();
        let products = sample["products"].as_array().unwrap().len();

        let checked = CheckedCatalogue::parse(sample.clone()).unwrap();

        assert_eq!((checked.document(), checked.products()), (&sample, products));
    }

    #[test]
    fn a_schema_violation_names_its_json_pointer() {
        let document = json!({ "version": 1, "calendars": {}, "products": [{ "code": 7 }] });

        let refusal = CheckedCatalogue::parse(document).unwrap_err();

        let has = |pointer| refusal.problems().iter().any(|x| x.starts_with(pointer));
        assert!(has("/products/0/code: "), "{refusal}");
        assert!(has("/products/0: "), "the name is missing, too: {refusal}");
    }

    #[test]
    fn a_rule_that_is_broken_names_its_json_pointer() {
        let product = json!({ "code": "A", "name": "A" });
        let document = json!({ "version": 1, "calendars": {}, "products": [product, product] });

        let refusal = CheckedCatalogue::parse(document).unwrap_err();

        assert_eq!(refusal.problems(), ["/products/1/code: product A appears twice"], "{refusal}");
    }
}
