//! The limit of open files, which a thousand clients and their server in one process are beyond in most shells.

/// Raises the limit of this process to so many where the system lets it; else says what to do.
#[cfg(unix)]
pub(crate) fn allow(wanted: u64) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= wanted);
    let raised = Rlimit { current: Some(wanted), ..limit };
    if enough(limit.current) || (enough(limit.maximum) && setrlimit(Resource::Nofile, raised).is_ok()) {
        return Ok(());
    }
    let now = limit.current.unwrap_or_default();
    Err(format!(
        "{wanted} open files are needed and {now} allowed: raise the limit with `ulimit -n {wanted}`"
    ))
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub(crate) fn allow(_: u64) -> Result<(), String> {
    Ok(())
}
