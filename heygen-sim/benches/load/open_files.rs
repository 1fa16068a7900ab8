//! The limit of open files. A thousand clients and their server in one process exceed the limit of most shells.

/// Raises the limit of this process to `required`. The error says what to do if the system does not allow it.
#[cfg(unix)]
pub(crate) fn allow(required: u64) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= required);
    let raised = Rlimit { current: Some(required), ..limit };
    if enough(limit.current) || (enough(limit.maximum) && setrlimit(Resource::Nofile, raised).is_ok()) {
        return Ok(());
    }
    let now = limit.current.unwrap_or_default();
    Err(format!(
        "the limit of open files is {now}, but {required} are needed; raise it with `ulimit -n {required}`"
    ))
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub(crate) fn allow(_: u64) -> Result<(), String> {
    Ok(())
}
