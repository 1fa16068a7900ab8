#!/bin/sh
# A prompt in, a finished MP4 on disk: the quick start of HeyGen's documentation with plain curl.
#
#   cargo run -p heygen-sim &                      # a local HeyGen; nothing is made of the prompt
#   heygen-sim/examples/quickstart.sh launch.mp4
#
# HEYGEN_API_BASE=https://api.heygen.com with a key of yours in HEYGEN_API_KEY makes a real video: it takes some twenty
# minutes and costs money.
set -eu

base=${HEYGEN_API_BASE:-http://127.0.0.1:8080}
key=${HEYGEN_API_KEY:-sk-simulated}
pause=${POLL_SECONDS:-10}
output=${1:-launch.mp4}
prompt="A presenter explaining our launch in 30 seconds"

reply=$(mktemp)
part=$output.part.$$
trap 'rm -f "$reply" "$part"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
  echo "quickstart: $*" >&2
  exit 1
}

# The first text of that name in the reply; nothing for null. Enough for these replies, no JSON parser.
field() {
  tr -d '\n' <"$reply" | grep -o "\"$1\"[[:space:]]*:[[:space:]]*\"[^\"]*\"" | head -n 1 |
    sed -e 's/^[^:]*:[[:space:]]*"//' -e 's/"$//' -e 's/\\u0026/\&/g' -e 's#\\/#/#g'
}

# Sends a request; its reply is in the file. What the service refuses ends the run with its own words.
api() {
  status=$(curl -sS -o "$reply" -w '%{http_code}' -H "X-Api-Key: $key" "$@")
  case $status in
    2??) ;;
    *) fail "$status $(field code): $(field message)" ;;
  esac
}

# The same for a status: asking again is free, so curl may do it after a 429 or a 502.
get() {
  api --retry 3 "$1"
}

# Making a video costs money: a POST is not repeated.
api "$base/v3/video-agents" -H 'Content-Type: application/json' -d "{\"prompt\": \"$prompt\"}"
session=$(field session_id)
[ -n "$session" ] || fail "the reply has no session_id: $(cat "$reply")"
echo "session $session"

# The agent thinks first; the video has an id once it is being made.
video=
while [ -z "$video" ]; do
  get "$base/v3/video-agents/$session"
  status=$(field status) video=$(field video_id)
  case $status in
    failed) fail "session $session failed: $(field content)" ;;
    completed) [ -n "$video" ] || fail "session $session ended without a video" ;;
  esac
  [ -n "$video" ] || sleep "$pause"
done
echo "video $video"

# `completed` may come a little before the link.
url=
while [ -z "$url" ]; do
  get "$base/v3/videos/$video"
  status=$(field status) url=$(field video_url)
  case $status in
    failed) fail "video $video failed: $(field failure_code): $(field failure_message)" ;;
    completed) ;;
    *) url= ;;
  esac
  [ -n "$url" ] || sleep "$pause"
done

# The link is signed: it needs no key, and no other server should see one. What is half there has another name.
curl -sS -f -L --retry 3 -o "$part" "$url" || fail "the link of video $video could not be downloaded"
mv "$part" "$output"
echo "downloaded $output"
