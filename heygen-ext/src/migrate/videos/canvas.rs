//! The frame of a video: `dimension` of v2, `aspect_ratio` and `resolution` of v3.

use super::super::loss::Severity;
use super::super::output::Output;
use super::super::planning::Planning;
use super::super::source::Node;

/// The aspect ratios of v3 with a fixed value, and their width and height.
const RATIOS: &[(&str, (f64, f64))] = &[
    ("16:9", (16.0, 9.0)),
    ("9:16", (9.0, 16.0)),
    ("4:5", (4.0, 5.0)),
    ("5:4", (5.0, 4.0)),
    ("1:1", (1.0, 1.0)),
];

/// The resolutions of v3, and the length of the short edge of their frames.
const RESOLUTIONS: &[(&str, f64)] = &[("720p", 720.0), ("1080p", 1080.0), ("4k", 2160.0)];

/// The frame of v3 that is nearest to the dimension of v2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) aspect_ratio: &'static str,
    pub(super) resolution: &'static str,
    /// Whether the frame has exactly this dimension.
    pub(super) is_exact: bool,
}

/// The nearest frame. v3 sets the length of the short edge.
pub(super) fn nearest_frame(width: f64, height: f64) -> Frame {
    let distance = |(w, h): (f64, f64)| ((width / height).ln() - (w / h).ln()).abs();
    let mut ratio = ("16:9", (16.0, 9.0));
    for other in RATIOS {
        if distance(other.1) < distance(ratio.1) {
            ratio = *other;
        }
    }
    let short = width.min(height);
    let resolution = match short {
        _ if short <= 720.0 => "720p",
        _ if short < 2160.0 => "1080p",
        _ => "4k",
    };
    let is_exact = (width * ratio.1.1 - height * ratio.1.0).abs() < 0.5
        && RESOLUTIONS.iter().any(|(name, edge)| *name == resolution && (edge - short).abs() < 0.5);
    Frame { aspect_ratio: ratio.0, resolution, is_exact }
}

/// Carries the dimension, or the aspect ratio, or the default of the options.
pub(super) fn put_canvas(
    planning: &Planning<'_>,
    dimension: &Node<'_>,
    ratio: &Node<'_>,
    output: &mut Output,
) {
    if dimension.is_present() {
        put_dimension(dimension, output);
        ratio.lose(Severity::Harmless, "`dimension` is used instead", "send one of the two");
        return;
    }
    if let Some(given) = ratio.text() {
        match RATIOS.iter().find(|(name, _)| *name == given.trim()) {
            Some((name, _)) => ratio.put(output, "aspect_ratio", *name),
            None => {
                let names: Vec<&str> = RATIOS.iter().map(|(name, _)| *name).collect();
                ratio.problem(format!(
                    "`{given}` is not an aspect ratio of v3; write one of: {}",
                    names.join(", ")
                ));
            }
        }
    } else {
        output.set("aspect_ratio", "16:9");
    }
    let resolution = planning.options.resolution();
    if !RESOLUTIONS.iter().any(|(name, _)| *name == resolution) {
        let names: Vec<&str> = RESOLUTIONS.iter().map(|(name, _)| *name).collect();
        planning.body().problem(format!(
            "the option `default_resolution` is `{resolution}`; set one of: {}",
            names.join(", ")
        ));
    }
    output.set("resolution", resolution);
}

/// Lowers a resolution of 4K, if a look in the video cannot be rendered with it.
pub(super) fn lower_resolution(planning: &Planning<'_>, output: &mut Output) {
    if planning.is_without_4k() && output.get("resolution").is_some_and(|resolution| resolution == "4k") {
        output.set("resolution", "1080p");
        planning.body().get("dimension").lose(
            Severity::Shown,
            "a photo look on Avatar III has no 4K",
            "the nearest is 1080p; or set `use_avatar_iv_model`",
        );
    }
}

fn put_dimension(dimension: &Node<'_>, output: &mut Output) {
    let (Some(width), Some(height)) = (dimension.get("width").float(), dimension.get("height").float())
    else {
        dimension.problem("a dimension has `width` and `height`, in pixels; write both as numbers");
        return;
    };
    if !(width >= 1.0 && height >= 1.0 && width <= 1e6 && height <= 1e6) {
        dimension.problem(format!("{width}×{height} is not a frame; the sides are 128 to 4096 pixels"));
        return;
    }
    let frame = nearest_frame(width, height);
    output.set("aspect_ratio", frame.aspect_ratio);
    output.set("resolution", frame.resolution);
    if frame.is_exact {
        dimension.get("width").carried("aspect_ratio, resolution");
        dimension.get("height").carried("aspect_ratio, resolution");
    } else {
        dimension.lose(
            Severity::Shown,
            format!("v3 has no frame of {width}×{height} pixels"),
            format!("the nearest is {} at {}", frame.aspect_ratio, frame.resolution),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_frame_keeps_the_short_edge() {
        for (width, height, aspect_ratio, resolution, is_exact) in [
            (1280.0, 720.0, "16:9", "720p", true),
            (1920.0, 1080.0, "16:9", "1080p", true),
            (720.0, 1280.0, "9:16", "720p", true),
            (1080.0, 1920.0, "9:16", "1080p", true),
            (720.0, 720.0, "1:1", "720p", true),
            (1080.0, 1350.0, "4:5", "1080p", true),
            (3840.0, 2160.0, "16:9", "4k", true),
            (640.0, 360.0, "16:9", "720p", false),
            (1440.0, 1080.0, "5:4", "1080p", false),
            (2560.0, 1440.0, "16:9", "1080p", false),
            (1080.0, 1080.0, "1:1", "1080p", true),
            (2160.0, 3840.0, "9:16", "4k", true),
            (4096.0, 128.0, "16:9", "720p", false),
        ] {
            let frame = Frame { aspect_ratio, resolution, is_exact };
            assert_eq!(nearest_frame(width, height), frame, "{width}×{height}");
        }
    }
}
