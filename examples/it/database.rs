//! A Postgres database for one test, in the server that `DATABASE_URL` names.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;

static CREATED: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Database {
    pub(crate) url: String,
    name: String,
    server: PgPool,
}

/// Prints a line that the test harness does not hide.
fn report(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

impl Database {
    /// Creates an empty database. Returns `None`, and prints why, if `DATABASE_URL` is not set.
    pub(crate) async fn create() -> Option<Self> {
        let Ok(server) = std::env::var("DATABASE_URL") else {
            report("not run with Postgres: DATABASE_URL is not set; set it to the URL of a server");
            return None;
        };
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        let name = format!("heygen_test_{}_{number}", std::process::id());
        let pool = PgPool::connect(&server).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&pool).await.unwrap();
        let (start, _) = server.rsplit_once('/').unwrap();
        report(&format!("run with Postgres: {name}"));
        Some(Self { url: format!("{start}/{name}"), name, server: pool })
    }

    pub(crate) async fn remove(self) {
        let query = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        sqlx::query(AssertSqlSafe(query)).execute(&self.server).await.unwrap();
    }
}
