#!/bin/sh
# Creates a video from a prompt and downloads it: the quick start of HeyGen's documentation with curl.
#
#   cargo run -p heygen-sim &                      # the simulator; it ignores the content of the prompt
#   heygen-sim/examples/quickstart.sh launch.mp4
#
# With HEYGEN_API_BASE=https://api.heygen.com and your key in HEYGEN_API_KEY, it creates a real video. This takes about
# twenty minutes and costs money.
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

# Prints the first string with this name in the reply; nothing for null. It is not a JSON parser, but sufficient here.
field() {
  tr -d '\n' <"$reply" | grep -o "\"$1\"[[:space:]]*:[[:space:]]*\"[^\"]*\"" | head -n 1 |
    sed -e 's/^[^:]*:[[:space:]]*"//' -e 's/"$//' -e 's/\\u0026/\&/g' -e 's#\\/#/#g'
}

# Sends a request and stores the reply in the file. Ends with the service's message if the request is refused.
api() {
  status=$(curl -sS -o "$reply" -w '%{http_code}' -H "X-Api-Key: $key" "$@")
  case $status in
    2??) ;;
    *) fail "$status $(field code): $(field message)" ;;
  esac
}

# Reads a status. This may be repeated, so curl retries it after a response such as 429 or 502.
get() {
  api --retry 3 "$1"
}

# Creating a video costs money, so the POST is not retried.
api "$base/v3/video-agents" -H 'Content-Type: application/json' -d "{\"prompt\": \"$prompt\"}"
session=$(field session_id)
[ -n "$session" ] || fail "the reply has no session_id: $(cat "$reply")"
echo "session $session"

# The session has a video id once the agent has started to create the video.
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

# The status may be `completed` shortly before the link exists.
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

# The link is signed, so it needs no API key, and the file server must not receive one. The file gets its final name only
# when the download is complete.
curl -sS -f -L --retry 3 -o "$part" "$url" || fail "cannot download video $video; run the script again, or read the video for a new link"
mv "$part" "$output"
echo "downloaded $output"
