#![doc = include_str!("guide.md")]

#[doc = include_str!("heygen_0_1.md")]
pub mod heygen_0_1 {}

#[doc = include_str!("python.md")]
pub mod python {}

#[doc = include_str!("javascript.md")]
pub mod javascript {}
