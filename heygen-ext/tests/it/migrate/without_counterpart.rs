//! The methods of endpoints without a counterpart.

use std::collections::BTreeMap;
use std::convert::Infallible;

use heygen_ext::HeyGen;
use heygen_ext::migrate::{self, Legacy, LegacyRequest, Level, MigrateError, NoCounterpart};
use heygen_sim::Sim;

type Method = fn(&Legacy) -> Result<Infallible, NoCounterpart>;

/// Each method with its endpoint.
const METHODS: &[(&str, Method)] = &[
    ("POST /v1/video/share", Legacy::share_video),
    ("GET /v1/template.get", Legacy::first_template),
    ("POST /v1/template.generate", Legacy::generate_from_first_template),
    ("POST /v2/photo_avatar/add_motion", Legacy::add_motion),
    ("POST /v2/photo_avatar/add_sound_effect", Legacy::add_sound_effect),
    ("POST /v2/photo_avatar/upscale", Legacy::upscale_photo_avatar),
    ("GET /v2/voices/locales", Legacy::voice_locales),
    ("GET /v1/folders", Legacy::folders),
    ("POST /v1/folders/{folder_id}", Legacy::rename_folder),
    ("POST /v1/folders/{folder_id}/trash", Legacy::trash_folder),
    ("POST /v1/folders/{folder_id}/restore", Legacy::restore_folder),
    ("GET /v1/workflows", Legacy::workflows),
    ("POST /v1/workflows/executions", Legacy::execute_workflow),
    ("POST /v1/workflows/graph-executions", Legacy::execute_workflow_graph),
    ("GET /v1/workflows/executions/{execution_id}", Legacy::workflow_execution),
    ("POST /v1/personalized_video/add_contact", Legacy::add_contact),
    ("GET /v1/personalized_video/audience/detail", Legacy::personalized_audience),
    ("GET /v1/personalized_video/project/detail", Legacy::personalized_project),
    ("POST /v1/streaming.create_token", Legacy::create_streaming_token),
    ("POST /v1/streaming.new", Legacy::new_streaming_session),
    ("POST /v1/streaming.start", Legacy::start_streaming_session),
    ("POST /v1/streaming.ice", Legacy::send_streaming_candidate),
    ("POST /v1/streaming.task", Legacy::send_streaming_task),
    ("POST /v1/streaming.interrupt", Legacy::interrupt_streaming),
    ("POST /v1/streaming.stop", Legacy::stop_streaming_session),
    ("POST /v1/streaming.keep_alive", Legacy::keep_streaming_session_alive),
    ("GET /v1/streaming.list", Legacy::streaming_sessions),
    ("GET /v2/streaming.list", Legacy::past_streaming_sessions),
    ("GET /v1/streaming/avatar.list", Legacy::streaming_avatars),
    ("GET /v1/streaming/knowledge_base/list", Legacy::knowledge_bases),
    ("GET /v1/streaming/knowledge_base", Legacy::all_knowledge_bases),
    ("POST /v1/streaming/knowledge_base/create", Legacy::create_knowledge_base),
    ("GET /v1/streaming/knowledge_base/{id}", Legacy::knowledge_base),
    ("POST /v1/streaming/knowledge_base/{id}", Legacy::update_knowledge_base),
    ("POST /v1/streaming/knowledge_base/{id}/delete", Legacy::delete_knowledge_base),
];

#[tokio::test]
async fn an_endpoint_without_a_counterpart_names_the_alternative() {
    let sim = Sim::builder().start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    let legacy = heygen.legacy();
    let mut methods: BTreeMap<&str, _> = METHODS.iter().copied().collect();
    for endpoint in migrate::endpoints().filter(|endpoint| endpoint.level() == Level::NoCounterpart) {
        let path = endpoint.path().replace(['{', '}'], "");
        let request = LegacyRequest::new(endpoint.method(), &path).unwrap();
        let error = legacy.run(&request).await.unwrap_err();
        assert!(matches!(&error, MigrateError::NoCounterpart(_)), "{endpoint}: {error}");
        assert_eq!(error.status().as_u16(), 410);
        let method = methods.remove(endpoint.to_string().as_str()).unwrap();
        let Err(same) = method(&legacy);
        assert_eq!(
            (same.endpoint().to_string(), same.to_string()),
            (endpoint.to_string(), error.to_string())
        );
    }
    assert!(methods.is_empty() && sim.requests().is_empty());
}
