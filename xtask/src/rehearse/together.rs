//! Rehearses many edits in few documents: edits that are accepted together are made in one document.
//!
//! A document with many edits that passes shows that each of them passes. If it fails, its halves are rehearsed, until
//! the edits that fail are known.

use anyhow::{Context, Result};
use serde_json::Value;

use super::edits::{self, Step};
use super::{Outcome, Row, Workspace};

/// Rehearses the edits, and hands each outcome with the number of its edits to `count`.
pub(super) fn run(
    workspace: &Workspace,
    rows: &[Row],
    count: &mut impl FnMut(&str, Outcome, usize),
) -> Result<()> {
    let original = &workspace.original;
    let mut groups: Vec<Vec<Row>> = Vec::new();
    for row in rows {
        let alone = edited(original, std::slice::from_ref(row))?;
        if let Err(findings) = workspace.generate(&alone) {
            count(&row.edit, Outcome::Refused(findings), 1);
            continue;
        }
        let is_accepted = |group: &&mut Vec<Row>| {
            if group.iter().any(|other| shifts(original, other, row) || shifts(original, row, other)) {
                return false;
            }
            let with = [group.as_slice(), std::slice::from_ref(row)].concat();
            edited(original, &with).is_ok_and(|document| workspace.generate(&document).is_ok())
        };
        match groups.iter_mut().find(is_accepted) {
            Some(group) => group.push(row.clone()),
            None => groups.push(vec![row.clone()]),
        }
    }
    for group in &groups {
        halve(workspace, group, count)?;
    }
    Ok(())
}

/// Rehearses a document with all edits of a group. If it fails, each half of the group is rehearsed.
fn halve(workspace: &Workspace, group: &[Row], count: &mut impl FnMut(&str, Outcome, usize)) -> Result<()> {
    let names: Vec<&str> = group.iter().map(|row| row.edit.as_str()).collect();
    let outcome = workspace.rehearse(&edited(&workspace.original, group)?)?;
    if let (Outcome::Fails(error), true) = (&outcome, group.len() > 1) {
        println!(
            "{} edits together fail, so each half is rehearsed:\n{}",
            group.len(),
            super::indented(error)
        );
        let (first, second) = group.split_at(group.len() / 2);
        halve(workspace, first, count)?;
        return halve(workspace, second, count);
    }
    count(&names.join("; "), outcome, group.len());
    Ok(())
}

/// Whether an edit takes an item out of a list in which the other edit names a place by its index.
fn shifts(original: &Value, edit: &Row, other: &Row) -> bool {
    let mut lists = edit.steps.iter().filter_map(|step| {
        let (Step::Remove { remove: place } | Step::Move { from: place, .. }) = step else { return None };
        let (list, _) = place.rsplit_once('/')?;
        original.pointer(list)?.is_array().then(|| format!("{list}/"))
    });
    lists.any(|list| {
        other.steps.iter().any(|step| match step {
            Step::Set { set: place, .. } | Step::Remove { remove: place } => place.starts_with(&list),
            Step::Move { from, to } => from.starts_with(&list) || to.starts_with(&list),
        })
    })
}

fn edited(original: &Value, rows: &[Row]) -> Result<Value> {
    let mut document = original.clone();
    for row in rows {
        edits::apply(&mut document, &row.steps).with_context(|| format!("edit `{}`", row.edit))?;
    }
    Ok(document)
}
