//! The endpoints that have no counterpart in v3, with the alternative to each.

use http::Method;

use super::endpoint::Endpoint;
use super::envelope::Envelope;

/// Calls a macro with the list of these endpoints. The table of endpoints and the methods of the client are made from it.
///
/// Each group begins with the alternative. A row has the name of the method, the HTTP method, the path and the envelope.
macro_rules! for_endpoints_without_counterpart {
    ($callback:ident) => {
        $callback! {
            "`enable_sharing` when a template is generated, or `video_share_page_url` of the webhook event; `video_page_url` of \
             GET /v3/videos/{video_id} opens the page for members of the workspace" {
                share_video: POST "/v1/video/share", Numeric;
            }
            // The templates of v1 were videos, with variables of another form.
            "save the video as a template in the web editor; then GET /v3/templates/{template_id} and POST /v3/templates/{template_id}" {
                first_template: GET "/v1/template.get", Numeric;
                generate_from_first_template: POST "/v1/template.generate", Numeric;
            }
            "`motion_prompt` of POST /v3/videos, for a photo look on Avatar IV" {
                add_motion: POST "/v2/photo_avatar/add_motion", WithError;
            }
            "`audio_url` of POST /v3/videos, with a mix of your own" {
                add_sound_effect: POST "/v2/photo_avatar/add_sound_effect", WithError;
            }
            "`resolution` of POST /v3/videos" {
                upscale_photo_avatar: POST "/v2/photo_avatar/upscale", WithError;
            }
            "`support_locale` of each voice of GET /v3/voices" {
                voice_locales: GET "/v2/voices/locales", WithError;
            }
            "GET /v3/folders/{folder_id} for a folder whose id is kept; the web app lists folders" {
                folders: GET "/v1/folders", Numeric;
            }
            "the web app renames folders" {
                rename_folder: POST "/v1/folders/{folder_id}", Numeric;
            }
            "the web app moves folders to the trash" {
                trash_folder: POST "/v1/folders/{folder_id}/trash", Numeric;
            }
            "the web app restores folders" {
                restore_folder: POST "/v1/folders/{folder_id}/restore", Numeric;
            }
            "GET /v3/workflows/node-types" {
                workflows: GET "/v1/workflows", Later;
            }
            // v1 ran one node by its type. v3 runs stored graphs.
            "the operation of the product, such as POST /v3/videos for GenerateVideoNode; or a workflow that is stored \
             with POST /v3/workflows and run with POST /v3/workflow-runs" {
                execute_workflow: POST "/v1/workflows/executions", Later;
                execute_workflow_graph: POST "/v1/workflows/graph-executions", Later;
            }
            "GET /v3/workflow-runs/{run_id}" {
                workflow_execution: GET "/v1/workflows/executions/{execution_id}", Later;
            }
            "POST /v3/templates/{template_id} once for each contact, with the contact as `callback_id`" {
                add_contact: POST "/v1/personalized_video/add_contact", Numeric;
                personalized_audience: GET "/v1/personalized_video/audience/detail", Numeric;
                personalized_project: GET "/v1/personalized_video/project/detail", Numeric;
            }
            // Interactive Avatar became the separate product LiveAvatar.
            "LiveAvatar (api.liveavatar.com, with a key of its own): create a session token" {
                create_streaming_token: POST "/v1/streaming.create_token", Numeric;
                new_streaming_session: POST "/v1/streaming.new", Numeric;
            }
            "LiveAvatar (api.liveavatar.com): start the session" {
                start_streaming_session: POST "/v1/streaming.start", Numeric;
            }
            "LiveAvatar (api.liveavatar.com), which connects by LiveKit" {
                send_streaming_candidate: POST "/v1/streaming.ice", Numeric;
            }
            "LiveAvatar (api.liveavatar.com): the events `avatar.speak_text`, `avatar.speak_response` and `avatar.interrupt`" {
                send_streaming_task: POST "/v1/streaming.task", Numeric;
                interrupt_streaming: POST "/v1/streaming.interrupt", Numeric;
            }
            "LiveAvatar (api.liveavatar.com): stop the session" {
                stop_streaming_session: POST "/v1/streaming.stop", Numeric;
            }
            "LiveAvatar (api.liveavatar.com): keep the session alive" {
                keep_streaming_session_alive: POST "/v1/streaming.keep_alive", Numeric;
            }
            "LiveAvatar (api.liveavatar.com): the list of sessions, with a `type`" {
                streaming_sessions: GET "/v1/streaming.list", Numeric;
                past_streaming_sessions: GET "/v2/streaming.list", Numeric;
            }
            "LiveAvatar (api.liveavatar.com): the lists of avatars, public and your own" {
                streaming_avatars: GET "/v1/streaming/avatar.list", Numeric;
            }
            "LiveAvatar (api.liveavatar.com): a context" {
                knowledge_bases: GET "/v1/streaming/knowledge_base/list", Numeric;
                all_knowledge_bases: GET "/v1/streaming/knowledge_base", Numeric;
                create_knowledge_base: POST "/v1/streaming/knowledge_base/create", Numeric;
                knowledge_base: GET "/v1/streaming/knowledge_base/{id}", Numeric;
                update_knowledge_base: POST "/v1/streaming/knowledge_base/{id}", Numeric;
                delete_knowledge_base: POST "/v1/streaming/knowledge_base/{id}/delete", Numeric;
            }
        }
    };
}

macro_rules! table {
    ($($nearest:literal {
        $($name:ident: $method:ident $path:literal, $envelope:ident;)*
    })*) => {
        /// The endpoints that have no counterpart.
        pub(crate) static ENDPOINTS: &[Endpoint] = &[$($(
            Endpoint::without_counterpart(Method::$method, $path, Envelope::$envelope, $nearest),
        )*)*];
    };
}

for_endpoints_without_counterpart!(table);

pub(crate) use for_endpoints_without_counterpart;
