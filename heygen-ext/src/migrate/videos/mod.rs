//! Videos: their creation by v1 and v2, status, lists and deletion.

mod canvas;
mod character;
mod create;
mod generate;
mod manage;
mod parts;
mod scene;
mod voice;

pub(crate) use create::{CREATE_LATER, GENERATE_AVATAR_IV, GENERATE_FIRST, GENERATE_WEBM};
pub(crate) use generate::GENERATE;
pub(crate) use manage::{CAPTION, DELETE, DELETE_LATER, GET_LATER, LIST, LIST_LATER, STATUS};
