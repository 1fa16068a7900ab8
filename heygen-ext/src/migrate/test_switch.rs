//! `test` and `validate_only`: calls of the old service that were not charged.

use super::source::Node;

/// Refuses a test, by any policy: v3 has no tests, and the call would be charged.
pub(crate) fn refuse_test(test: &Node<'_>) -> Option<()> {
    refuse(
        test,
        "v3 has no test videos: it would make a video that is charged; remove `test` if you mean that, or try the \
        program against heygen-sim",
    )
}

/// Refuses a check without a job, by any policy: v3 would start the job.
pub(crate) fn refuse_validation(switch: &Node<'_>) -> Option<()> {
    refuse(
        switch,
        "v3 does not check a request without carrying it out: it would start a job that is charged; remove \
        `validate_only` if you mean that, or try the program against heygen-sim",
    )
}

fn refuse(switch: &Node<'_>, message: &str) -> Option<()> {
    match switch.boolean() {
        Some(true) => {
            switch.problem(message);
            return None;
        }
        Some(false) => switch.carried("the default"),
        // A value that cannot be read may mean `true`.
        None if switch.is_present() => return None,
        None => {}
    }
    Some(())
}
