//! Assets, folders, webhook endpoints, the account and Video Agent.

use http::Method;

use super::super::legacy::{Legacy, Migrated};
use super::super::migrate_error::MigrateError;
use super::super::types::{
    AddWebhookEndpoint, AgentVideo, CreateFolder, CurrentUser, Folder, GenerateAgentVideo, RemainingQuota,
    UpdateWebhookEndpoint, WebhookEndpoint,
};
use super::call_parts::{NO_BODY, encode};

impl Legacy {
    /// `POST /v1/asset/{asset_id}/delete`: deletes an asset.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn delete_asset(&self, asset_id: &str) -> Result<Migrated<()>, MigrateError> {
        self.call(Method::POST, &format!("/v1/asset/{}/delete", encode(asset_id)), NO_BODY).await
    }

    /// `POST /v1/folders/create`: creates a folder.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn create_folder(&self, request: &CreateFolder) -> Result<Migrated<Folder>, MigrateError> {
        self.call(Method::POST, "/v1/folders/create", Some(request)).await
    }

    /// `GET /v1/webhook/webhook.list`: lists the event types.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn webhook_events(&self) -> Result<Migrated<Vec<String>>, MigrateError> {
        self.call(Method::GET, "/v1/webhook/webhook.list", NO_BODY).await
    }

    /// `GET /v1/webhook/endpoint.list`: lists the endpoints.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn webhook_endpoints(&self) -> Result<Migrated<Vec<WebhookEndpoint>>, MigrateError> {
        self.call(Method::GET, "/v1/webhook/endpoint.list", NO_BODY).await
    }

    /// `POST /v1/webhook/endpoint.add`: registers an endpoint.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn add_webhook_endpoint(
        &self,
        request: &AddWebhookEndpoint,
    ) -> Result<Migrated<WebhookEndpoint>, MigrateError> {
        self.call(Method::POST, "/v1/webhook/endpoint.add", Some(request)).await
    }

    /// `PATCH /v1/webhook/endpoint.update`: changes an endpoint.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn update_webhook_endpoint(
        &self,
        request: &UpdateWebhookEndpoint,
    ) -> Result<Migrated<WebhookEndpoint>, MigrateError> {
        self.call(Method::PATCH, "/v1/webhook/endpoint.update", Some(request)).await
    }

    /// `DELETE /v1/webhook/endpoint.delete`: deletes an endpoint.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn delete_webhook_endpoint(&self, endpoint_id: &str) -> Result<Migrated<()>, MigrateError> {
        self.call(
            Method::DELETE,
            &format!("/v1/webhook/endpoint.delete?endpoint_id={}", encode(endpoint_id)),
            NO_BODY,
        )
        .await
    }

    /// `GET /v2/user/remaining_quota`: reads the remaining quota.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn remaining_quota(&self) -> Result<Migrated<RemainingQuota>, MigrateError> {
        self.call(Method::GET, "/v2/user/remaining_quota", NO_BODY).await
    }

    /// `GET /v1/user/me`: reads the user.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn current_user(&self) -> Result<Migrated<CurrentUser>, MigrateError> {
        self.call(Method::GET, "/v1/user/me", NO_BODY).await
    }

    /// `POST /v1/video_agent/generate`: starts a session of Video Agent, and waits until it names its video.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn generate_agent_video(
        &self,
        request: &GenerateAgentVideo,
    ) -> Result<Migrated<AgentVideo>, MigrateError> {
        self.call(Method::POST, "/v1/video_agent/generate", Some(request)).await
    }
}
