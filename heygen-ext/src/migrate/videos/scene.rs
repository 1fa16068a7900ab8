//! A scene: a character or a picture, with a voice and a background.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::super::assumptions::{COLOR_PICTURE_SIZE, STUDIO_SCENE_TAKES_MEDIA_BACKGROUND};
use super::super::color::{components, six_digits};
use super::super::color_picture::color_picture;
use super::super::cost::CostChange;
use super::super::look_up::{Known, LookUp};
use super::super::loss::Severity;
use super::super::options::MigrateOptions;
use super::super::output::Output;
use super::super::planning::Planning;
use super::super::source::Node;
use super::character::{Target, put_character};
use super::voice::{Sound, put_voice};

/// A scene of a legacy request, wherever the request has its parts.
pub(super) struct LegacyScene<'a> {
    pub(super) whole: Node<'a>,
    /// The character; a node without a value if the scene has none.
    pub(super) character: Node<'a>,
    pub(super) voice: Node<'a>,
    pub(super) background: Background<'a>,
}

/// A background, as the two generations of requests wrote it.
#[derive(Clone)]
pub(super) enum Background<'a> {
    /// `{"type": "color", "value": "#FAFAFA"}`.
    Object(Node<'a>),
    /// A color, or the URL of an image or video.
    Text(Node<'a>),
}

/// What a background is.
enum Backdrop {
    Color(String),
    Image(Value),
    Video(Value),
}

const PRICE_WITHOUT_AVATAR: &str = "no documentation names the price of a scene without a speaking avatar";
const WHOLE_CLIP: &str = "a video scene without a voice plays its whole clip";
const BEHIND: &str = "use a template, or render the avatar as WebM and compose it with HyperFrames";

impl<'a> LegacyScene<'a> {
    fn has_character(&self) -> bool {
        ["avatar_id", "talking_photo_id"].iter().any(|name| self.character.get(name).is_present())
            || self.character.get("type").is_present()
    }

    /// Whether a video of one avatar can show the scene.
    pub(super) fn is_avatar(&self, options: &MigrateOptions) -> bool {
        let is_silent =
            self.voice.get("type").text().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("silence"));
        self.has_character() && (!is_silent || options.makes_silent_audio())
    }

    /// Whether a video of one avatar can show the scene, and a scene of several cannot.
    pub(super) fn needs_first_pass(&self, options: &MigrateOptions) -> bool {
        let is_cut_out = self.character.get("matting").boolean() == Some(true);
        self.is_avatar(options) && (is_cut_out || self.background.is_image())
    }

    fn put_speech(&self, planning: &Planning<'_>, output: &mut Output) -> Option<()> {
        match put_voice(&self.voice, output)? {
            Sound::Speech => {}
            Sound::Silence(seconds) if planning.options.makes_silent_audio() => {
                output.set_from("audio_asset_id", planning.silence(seconds), "/data/asset_id");
            }
            Sound::Silence(_) => {
                self.voice.problem("the voice is silent; write `input_text` or an audio file");
                return None;
            }
        }
        Some(())
    }

    /// Records what no request of v3 takes.
    fn lose_overlay(&self) {
        self.whole.get("text").lose(
            Severity::Shown,
            "v3 has no text overlays",
            "use a text variable of a template, or put the text into the background image",
        );
    }

    /// Carries the scene as a video of one avatar.
    pub(super) fn put_as_avatar(&self, planning: &Planning<'_>, output: &mut Output) -> Option<()> {
        put_character(planning, &self.character, &self.whole, output, Target::Avatar)?;
        self.put_speech(planning, output)?;
        self.lose_overlay();
        let mut background = output.child("background");
        match self.background.read("background")? {
            Some((_, Backdrop::Color(color))) => {
                background.set("type", "color");
                background.set("value", color);
            }
            Some((_, Backdrop::Image(source))) => {
                background.set("type", "image");
                let (name, value) = member_of(&source);
                background.set(name, value);
            }
            Some((node, Backdrop::Video(_))) => {
                node.lose(Severity::Shown, "v3 has no video behind an avatar", BEHIND);
            }
            None => {}
        }
        output.attach("background", background);
        Some(())
    }

    /// Carries the scene as one of several. The output is empty.
    pub(super) fn put_as_scene(&self, planning: &Planning<'_>, output: &mut Output) -> Option<()> {
        if !self.has_character() {
            return self.put_as_picture(planning, output);
        }
        self.lose_overlay();
        if !self.is_avatar(planning.options) {
            return self.put_as_still(planning, output);
        }
        output.set("type", "avatar_video");
        let mut input = output.child("input");
        input.set("type", "avatar");
        put_character(planning, &self.character, &self.whole, &mut input, Target::Scene)?;
        self.put_speech(planning, &mut input)?;
        match self.background.read("input.background")? {
            Some((_, Backdrop::Color(color))) => {
                input.set("background", json!({"type": "color", "color": color}))
            }
            Some((_, Backdrop::Image(source) | Backdrop::Video(source)))
                if STUDIO_SCENE_TAKES_MEDIA_BACKGROUND =>
            {
                input.set("background", source);
            }
            Some((node, Backdrop::Image(_))) => {
                let reason = "a scene of a v3 video has a color behind the avatar, and no image";
                node.lose(Severity::Shown, reason, format!("{BEHIND}; or render it in two passes"));
            }
            Some((node, Backdrop::Video(_))) => {
                let reason = "a scene of a v3 video has a color behind the avatar, and no video";
                node.lose(Severity::Shown, reason, BEHIND);
            }
            None => {}
        }
        output.attach("input", input);
        Some(())
    }

    /// A scene without a character shows its background.
    fn put_as_picture(&self, planning: &Planning<'_>, output: &mut Output) -> Option<()> {
        self.lose_overlay();
        planning.cost(CostChange::Unknown, PRICE_WITHOUT_AVATAR);
        let Some((_, backdrop)) = self.background.read("source")? else {
            self.whole.problem("the scene has neither a character nor a background; add one of them");
            return None;
        };
        let (kind, source) = match backdrop {
            Backdrop::Color(color) => {
                let picture = BASE64.encode(color_picture(components(&color), COLOR_PICTURE_SIZE));
                ("image", json!({"type": "base64", "media_type": "image/png", "data": picture}))
            }
            Backdrop::Image(source) => ("image", source),
            Backdrop::Video(source) => ("video", source),
        };
        output.set("type", kind);
        output.set("source", source);
        match put_voice(&self.voice, output)? {
            Sound::Silence(seconds) if kind == "image" => output.set("duration", seconds),
            Sound::Silence(seconds) if planning.options.makes_silent_audio() => {
                output.set_from("audio_asset_id", planning.silence(seconds), "/data/asset_id");
            }
            Sound::Silence(_) => self.voice.lose(Severity::Shown, WHOLE_CLIP, "cut the clip to the duration"),
            Sound::Speech if output.has("script") && !output.has("voice_id") => {
                self.voice.missing("voice_id", "a scene without a character has no default voice");
                return None;
            }
            Sound::Speech => {}
        }
        if let Background::Object(node) = &self.background
            && kind == "video"
        {
            put_playback(node, output);
        }
        Some(())
    }

    /// A silent character becomes a still picture of it.
    fn put_as_still(&self, planning: &Planning<'_>, output: &mut Output) -> Option<()> {
        let id = self.character.first_of(&["avatar_id", "talking_photo_id"]);
        let Some(look) = id.text() else {
            self.character.missing("avatar_id", "write the id of a look");
            return None;
        };
        let picture = match planning.look_up(LookUp::Look(look.clone())) {
            Known::Unanswered => Some("(preview_image_url of the look)"),
            Known::Absent => None,
            Known::Found(data) => data.get("preview_image_url").and_then(Value::as_str),
        };
        let Some(picture) = picture else {
            id.problem_with_code(
                "avatar_not_found",
                format!("the service has no picture of the look `{look}`, which a silent scene would show"),
            );
            return None;
        };
        let Sound::Silence(seconds) = put_voice(&self.voice, output)? else { return None };
        planning.cost(CostChange::Unknown, PRICE_WITHOUT_AVATAR);
        output.set("type", "image");
        output.set("source", json!({"type": "url", "url": picture}));
        output.set("duration", seconds);
        let reason = "v3 has no silent avatars: the scene shows the preview image of the look";
        let instead = "set the option `silence_as_audio`, which uploads a silent audio file for the scene";
        self.voice.lose(Severity::Shown, reason, instead);
        self.character.lose(Severity::Shown, reason, instead);
        let (Background::Object(node) | Background::Text(node)) = &self.background;
        node.lose(Severity::Shown, reason, instead);
        Some(())
    }
}

impl<'a> Background<'a> {
    /// Whether it is an image, as [`read`](Self::read) decides.
    fn is_image(&self) -> bool {
        match self {
            Self::Object(node) => match node.get("type").value().as_str() {
                Some(kind) => kind.trim().eq_ignore_ascii_case("image"),
                None => kind_by_members(node) == "image" && node.is_present(),
            },
            Self::Text(node) => {
                node.value().as_str().is_some_and(|text| text.starts_with("http") && !is_clip(text))
            }
        }
    }

    /// Reads the background, and records its values as carried to `place`. `Some(None)` if it is missing.
    fn read(&self, place: &str) -> Option<Option<(Node<'a>, Backdrop)>> {
        let node = match self {
            Self::Object(node) | Self::Text(node) => node,
        };
        if !node.is_present() {
            return Some(None);
        }
        let backdrop = match self {
            Self::Object(node) if node.is_object() => read_object(node, place)?,
            Self::Object(_) => {
                node.problem(
                    "a background is an object; write {\"type\": \"color\", \"value\": \"#FAFAFA\"}",
                );
                return None;
            }
            Self::Text(node) => read_text(node, place)?,
        };
        Some(Some((node.clone(), backdrop)))
    }
}

fn read_object(node: &Node<'_>, place: &str) -> Option<Backdrop> {
    let kind = node.get("type");
    let words = [("color", "color"), ("image", "image"), ("video", "video")];
    let said = kind.word(&words);
    if said.is_none() && kind.is_present() {
        return None;
    }
    kind.carried(place);
    let (value, url) = (node.get("value"), node.get("url"));
    let assets = [node.get("image_asset_id"), node.get("video_asset_id")];
    let said = said.unwrap_or_else(|| kind_by_members(node));
    if said == "color" {
        return read_color(&value, node, place);
    }
    let fit = node.get("fit");
    if fit.is_word("cover") {
        fit.carried("the default");
    } else {
        let instead = "crop the picture to the aspect ratio of the video before you send it";
        fit.lose(Severity::Shown, "v3 has no `fit` for backgrounds", instead);
    }
    let asset = if said == "image" { &assets[0] } else { &assets[1] };
    let given = [&url, asset].into_iter().filter(|one| one.is_present()).count();
    if given != 1 {
        let name = if said == "image" { "image_asset_id" } else { "video_asset_id" };
        node.problem(format!("a background of type `{said}` has exactly one of `url` and `{name}`"));
        return None;
    }
    let source = match url.text() {
        Some(link) => {
            url.carried(place);
            json!({"type": "url", "url": link})
        }
        None => {
            asset.carried(place);
            json!({"type": "asset_id", "asset_id": asset.text()?})
        }
    };
    Some(if said == "image" { Backdrop::Image(source) } else { Backdrop::Video(source) })
}

/// The kind of a background that does not name it.
fn kind_by_members(node: &Node<'_>) -> &'static str {
    if node.get("value").is_present() {
        "color"
    } else if node.get("video_asset_id").is_present() {
        "video"
    } else {
        "image"
    }
}

fn read_color(value: &Node<'_>, object: &Node<'_>, place: &str) -> Option<Backdrop> {
    let Some(text) = value.text() else {
        object.missing("value", "write a color such as `#FAFAFA`");
        return None;
    };
    let Some(color) = six_digits(&text) else {
        value.problem(format!("`{text}` is not a color; write `#` and six hexadecimal digits"));
        return None;
    };
    value.carried(place);
    Some(Backdrop::Color(color))
}

fn read_text(node: &Node<'_>, place: &str) -> Option<Backdrop> {
    let text = node.text()?;
    if !text.starts_with("http") {
        return read_color(node, node, place);
    }
    node.carried(place);
    let source = json!({"type": "url", "url": text});
    Some(if is_clip(&text) { Backdrop::Video(source) } else { Backdrop::Image(source) })
}

fn is_clip(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    path.ends_with(".mp4") || path.ends_with(".webm")
}

/// Carries how the clip of a scene without a character plays. v3 fits a clip to a voice only.
fn put_playback(node: &Node<'_>, output: &mut Output) {
    let style = node.get("play_style");
    let words = [
        ("fit_to_scene", "fit_to_scene"),
        ("freeze", "freeze"),
        ("loop", "loop"),
        ("once", ""),
        ("full_video", ""),
    ];
    let has_voice = ["script", "audio_url", "audio_asset_id"].iter().any(|name| output.has(name));
    match style.word(&words) {
        Some("") => style.carried("the default, which plays the clip once"),
        Some(mode) if has_voice => {
            style.carried("playback.mode");
            output.set("playback", json!({"mode": mode}));
        }
        // The default of v2. That of v3 is `freeze`.
        None if has_voice => output.set("playback", json!({"mode": "fit_to_scene"})),
        Some(_) => style.lose(Severity::Shown, WHOLE_CLIP, "cut the clip to the duration"),
        None => {}
    }
}

/// The member of a v3 background for a source: `url` or `asset_id`.
fn member_of(source: &Value) -> (&'static str, Value) {
    match source.get("url") {
        Some(url) => ("url", url.clone()),
        None => ("asset_id", source.get("asset_id").cloned().unwrap_or_default()),
    }
}
