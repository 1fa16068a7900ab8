//! The table of all kinds of changes, with their effects.

use super::effect::{Direction, RustEffect, WireEffect};

use RustEffect::{Compile, New, RunTime, Text};
use WireEffect::{Additive, Breaking, Same};

/// Effects on HTTP clients, and on users of the crate.
type Effects = (WireEffect, RustEffect);

/// Defines [`Kind`] by its table.
///
/// A row has the kind, its name, the kind of the reverse change, the effects in a request and in a reply, whether programs may
/// misbehave without an error (`loud`), and a sentence. In the sentence, `{place}` is the changed place, and `{old}` and
/// `{new}` are its values.
macro_rules! kinds {
    ($($kind:ident $name:literal <-> $mirror:ident, request $request:expr, reply $reply:expr, $loudness:ident, $sentence:literal;)*) => {
        /// The kind of a change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(#[doc = $sentence] $kind,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind),*];

            /// The stable name, in kebab case.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// The kind of the reverse change.
            pub fn mirror(self) -> Self {
                match self { $(Self::$kind => Self::$mirror,)* }
            }

            /// The effects of a change in a direction; for both directions, the stronger effects.
            pub fn effects(self, direction: Direction) -> (WireEffect, RustEffect) {
                let (request, reply): (Effects, Effects) = match self { $(Self::$kind => ($request, $reply),)* };
                match direction {
                    Direction::Request => request,
                    Direction::Reply => reply,
                    Direction::Both => (request.0.max(reply.0), request.1.max(reply.1)),
                }
            }

            /// Whether programs may misbehave without an error.
            pub fn is_loud(self) -> bool {
                match self { $(Self::$kind => stringify!($loudness) == "loud",)* }
            }

            pub(super) fn sentence(self) -> &'static str {
                match self { $(Self::$kind => $sentence,)* }
            }
        }
    };
}

kinds! {
    // The document.
    VersionChanged "openapi-version-changed" <-> VersionChanged, request (Same, Text), reply (Same, Text), loud,
        "the document is OpenAPI {new}; it was {old}";
    AddressAdded "address-added" <-> AddressRemoved, request (Additive, Text), reply (Additive, Text), quiet,
        "the service has the address {new}";
    AddressRemoved "address-removed" <-> AddressAdded, request (Breaking, RunTime), reply (Breaking, RunTime), loud,
        "the service no longer has the address {old}";
    SectionAdded "section-added" <-> SectionRemoved, request (Same, Text), reply (Same, Text), loud,
        "the document has the section `{new}`, which nothing here reads";
    SectionRemoved "section-removed" <-> SectionAdded, request (Same, Text), reply (Same, Text), quiet,
        "the document no longer has the section `{old}`";
    SchemeAdded "security-scheme-added" <-> SchemeRemoved, request (Additive, Text), reply (Additive, Text), quiet,
        "there is a new way to authenticate: {new}";
    SchemeRemoved "security-scheme-removed" <-> SchemeAdded, request (Breaking, RunTime), reply (Breaking, RunTime), loud,
        "a way to authenticate was removed: {old}";
    SchemeChanged "security-scheme-changed" <-> SchemeChanged, request (Breaking, RunTime), reply (Breaking, RunTime), loud,
        "authentication by {place} changed from {old} to {new}";

    // Operations.
    OperationAdded "operation-added" <-> OperationRemoved, request (Additive, New), reply (Additive, New), quiet,
        "the operation was added";
    OperationRemoved "operation-removed" <-> OperationAdded, request (Breaking, Compile), reply (Breaking, Compile), loud,
        "the operation was removed";
    OperationMoved "operation-moved" <-> OperationMoved, request (Breaking, RunTime), reply (Breaking, RunTime), loud,
        "the operation moved from {old} to {new}";
    OperationRenamed "operation-renamed" <-> OperationRenamed, request (Same, Compile), reply (Same, Compile), quiet,
        "the operation is named `{new}`; it was `{old}`";
    OperationDeprecated "operation-deprecated" <-> OperationRevived, request (Same, Compile), reply (Same, Compile), loud,
        "the operation is deprecated";
    OperationRevived "operation-no-longer-deprecated" <-> OperationDeprecated, request (Same, Text), reply (Same, Text), quiet,
        "the operation is no longer deprecated";
    GateAdded "operation-excluded" <-> GateRemoved, request (Same, Compile), reply (Same, Compile), loud,
        "the provider keeps the operation out of its reference now (`x-excluded`)";
    GateRemoved "operation-no-longer-excluded" <-> GateAdded, request (Same, New), reply (Same, New), quiet,
        "the operation is part of the provider's reference now";
    ScopeAdded "scope-added" <-> ScopeRemoved, request (Breaking, RunTime), reply (Breaking, RunTime), loud,
        "a key needs the scope `{new}`";
    ScopeRemoved "scope-removed" <-> ScopeAdded, request (Additive, Text), reply (Additive, Text), quiet,
        "a key no longer needs the scope `{old}`";
    SecurityChanged "security-changed" <-> SecurityChanged, request (Breaking, RunTime), reply (Breaking, RunTime), loud,
        "authentication changed from {old} to {new}";
    ResourceChanged "tag-changed" <-> ResourceChanged, request (Same, Text), reply (Same, Text), quiet,
        "the operation moved from the resource {old} to {new}";
    PagerLost "pager-lost" <-> PagerGained, request (Breaking, Compile), reply (Breaking, Compile), loud,
        "the list no longer comes in pages";
    PagerGained "pager-gained" <-> PagerLost, request (Breaking, Compile), reply (Breaking, Compile), loud,
        "the list comes in pages now";

    // Parameters.
    ParameterAdded "parameter-added" <-> ParameterRemoved, request (Additive, New), reply (Additive, New), quiet,
        "the optional parameter {place} was added";
    RequiredParameterAdded "required-parameter-added" <-> ParameterRemoved, request (Breaking, RunTime), reply (Breaking, RunTime), loud,
        "the parameter {place} was added and is required";
    ParameterRemoved "parameter-removed" <-> ParameterAdded, request (Breaking, Compile), reply (Breaking, Compile), loud,
        "the parameter {place} was removed";
    ParameterRequired "parameter-became-required" <-> ParameterOptional, request (Breaking, RunTime), reply (Breaking, RunTime), loud,
        "the parameter {place} is required now";
    ParameterOptional "parameter-became-optional" <-> ParameterRequired, request (Additive, New), reply (Additive, New), quiet,
        "the parameter {place} is optional now";
    ParameterStyle "parameter-style-changed" <-> ParameterStyle, request (Breaking, RunTime), reply (Breaking, RunTime), loud,
        "the parameter {place} is written as {new}; it was {old}";

    // Bodies, answers, headers.
    BodyAdded "body-added" <-> BodyRemoved, request (Additive, Compile), reply (Additive, Compile), quiet,
        "the request takes a body";
    BodyRemoved "body-removed" <-> BodyAdded, request (Breaking, Compile), reply (Breaking, Compile), loud,
        "the request no longer takes a body";
    BodyRequired "body-became-required" <-> BodyOptional, request (Breaking, RunTime), reply (Breaking, RunTime), loud,
        "the body of the request is required now";
    BodyOptional "body-became-optional" <-> BodyRequired, request (Additive, New), reply (Additive, New), quiet,
        "the body of the request is optional now";
    MediaAdded "media-type-added" <-> MediaRemoved, request (Additive, Text), reply (Additive, RunTime), quiet,
        "{place} may be {new}";
    MediaRemoved "media-type-removed" <-> MediaAdded, request (Breaking, RunTime), reply (Breaking, RunTime), loud,
        "{place} can no longer be {old}";
    SuccessAdded "success-added" <-> SuccessRemoved, request (Additive, RunTime), reply (Additive, RunTime), quiet,
        "the answer may have the status {new}";
    SuccessRemoved "success-removed" <-> SuccessAdded, request (Breaking, RunTime), reply (Breaking, RunTime), loud,
        "the answer no longer has the status {old}";
    FailureAdded "failure-added" <-> FailureRemoved, request (Additive, Text), reply (Additive, Text), quiet,
        "the service may refuse with the status {new}";
    FailureRemoved "failure-removed" <-> FailureAdded, request (Same, Text), reply (Same, Text), quiet,
        "the document no longer lists the refusal {old}";
    HeaderAdded "header-added" <-> HeaderRemoved, request (Additive, Text), reply (Additive, Text), quiet,
        "{place} has the header `{new}`";
    HeaderRemoved "header-removed" <-> HeaderAdded, request (Breaking, RunTime), reply (Breaking, RunTime), quiet,
        "{place} no longer has the header `{old}`";

    // Schemas.
    TypeChanged "type-changed" <-> TypeChanged, request (Breaking, Compile), reply (Breaking, Compile), loud,
        "{place} is {new}; it was {old}";
    FormatChanged "format-changed" <-> FormatChanged, request (Breaking, Compile), reply (Breaking, Compile), quiet,
        "{place} has the format {new}; it was {old}";
    NullAllowed "null-allowed" <-> NullForbidden, request (Additive, Compile), reply (Breaking, Compile), quiet,
        "{place} may be null";
    NullForbidden "null-forbidden" <-> NullAllowed, request (Breaking, Compile), reply (Additive, Compile), quiet,
        "{place} can no longer be null";
    FieldAdded "field-added" <-> FieldRemoved, request (Additive, New), reply (Additive, New), quiet,
        "the optional field {place} was added";
    RequiredFieldAdded "required-field-added" <-> FieldRemoved, request (Breaking, RunTime), reply (Additive, New), quiet,
        "the field {place} was added and is required";
    FieldRemoved "field-removed" <-> FieldAdded, request (Breaking, Compile), reply (Breaking, Compile), loud,
        "the field {place} was removed";
    FieldRequired "field-became-required" <-> FieldOptional, request (Breaking, Compile), reply (Additive, Compile), quiet,
        "the field {place} is required now";
    FieldOptional "field-became-optional" <-> FieldRequired, request (Additive, Compile), reply (Breaking, Compile), quiet,
        "the field {place} is optional now";
    ValueAdded "value-added" <-> ValueRemoved, request (Additive, New), reply (Additive, New), quiet,
        "{place} may be {new}";
    ValueRemoved "value-removed" <-> ValueAdded, request (Breaking, Compile), reply (Additive, Compile), quiet,
        "{place} can no longer be {old}";
    ValuesClosed "values-closed" <-> ValuesOpened, request (Breaking, Compile), reply (Additive, Compile), quiet,
        "{place} has to be one of {new}";
    ValuesOpened "values-opened" <-> ValuesClosed, request (Additive, Compile), reply (Additive, Compile), quiet,
        "{place} no longer has to be one of {old}";
    BoundTightened "bound-tightened" <-> BoundLoosened, request (Breaking, RunTime), reply (Same, Text), quiet,
        "{place} has {new} now; it had {old}";
    BoundLoosened "bound-loosened" <-> BoundTightened, request (Additive, Text), reply (Same, Text), quiet,
        "{place} has {new} now; it had {old}";
    BoundChanged "bound-changed" <-> BoundChanged, request (Breaking, RunTime), reply (Same, Text), quiet,
        "{place} has {new} now; it had {old}";
    DefaultChanged "default-changed" <-> DefaultChanged, request (Breaking, RunTime), reply (Same, Text), loud,
        "{place} is {new} where it is left out; it was {old}";
    ExtraAllowed "extra-fields-allowed" <-> ExtraForbidden, request (Additive, New), reply (Additive, New), quiet,
        "{place} takes fields that the document does not name";
    ExtraForbidden "extra-fields-forbidden" <-> ExtraAllowed, request (Breaking, RunTime), reply (Same, Text), quiet,
        "{place} refuses fields that the document does not name";
    BecameUnion "became-union" <-> CeasedUnion, request (Additive, Compile), reply (Breaking, Compile), quiet,
        "{place} is one of several types: {new}";
    CeasedUnion "ceased-union" <-> BecameUnion, request (Breaking, Compile), reply (Additive, Compile), quiet,
        "{place} is no longer one of several types: {old}";
    MemberAdded "union-member-added" <-> MemberRemoved, request (Additive, New), reply (Additive, New), quiet,
        "{place} may be a {new}";
    MemberRemoved "union-member-removed" <-> MemberAdded, request (Breaking, Compile), reply (Additive, Compile), quiet,
        "{place} can no longer be a {old}";
    TagChanged "union-tag-changed" <-> TagChanged, request (Breaking, Compile), reply (Breaking, Compile), loud,
        "the members of {place} are distinguished by {new}; it was {old}";
    FieldDeprecated "field-deprecated" <-> FieldRevived, request (Same, Text), reply (Same, Text), loud,
        "{place} is deprecated";
    FieldRevived "field-no-longer-deprecated" <-> FieldDeprecated, request (Same, Text), reply (Same, Text), quiet,
        "{place} is no longer deprecated";
    AccessChanged "access-changed" <-> AccessChanged, request (Breaking, RunTime), reply (Breaking, RunTime), quiet,
        "{place} is {new}; it was {old}";
    RuleChanged "rule-changed" <-> RuleChanged, request (Breaking, RunTime), reply (Same, Text), loud,
        "the rule {new} of {place} changed, and nothing here reads it";

    // Components: names of types.
    ComponentAdded "schema-added" <-> ComponentRemoved, request (Same, New), reply (Same, New), quiet,
        "the schema `{new}` was added";
    ComponentRemoved "schema-removed" <-> ComponentAdded, request (Same, Compile), reply (Same, Compile), quiet,
        "the schema `{old}` was removed";
    ComponentRenamed "schema-renamed" <-> ComponentRenamed, request (Same, Compile), reply (Same, Compile), quiet,
        "the schema `{old}` is named `{new}`";

    // Text.
    TextChanged "text-changed" <-> TextChanged, request (Same, Text), reply (Same, Text), quiet,
        "the text of {place} changed";
}
