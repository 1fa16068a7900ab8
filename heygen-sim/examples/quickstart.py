#!/usr/bin/env python3
"""A prompt in, a finished MP4 on disk: the quick start of HeyGen's documentation with `requests`.

    cargo run -p heygen-sim &                                  # a local HeyGen; nothing is made of the prompt
    python heygen-sim/examples/quickstart.py launch.mp4
    python heygen-sim/examples/quickstart.py --fault           # the same with a 502 on the way

HEYGEN_API_BASE=https://api.heygen.com with a key of yours in HEYGEN_API_KEY makes a real video: it takes some twenty
minutes and costs money.
"""

import argparse
import os
import sys
import time

import requests

BASE = os.environ.get("HEYGEN_API_BASE", "http://127.0.0.1:8080")
PAUSE = float(os.environ.get("POLL_SECONDS", "10"))
RETRIES = 3

api = requests.Session()
api.headers["X-Api-Key"] = os.environ.get("HEYGEN_API_KEY", "sk-simulated")


def data(response):
    """The `data` of a reply; a refusal ends the run with the service's own words."""
    if not response.ok:
        try:
            error = response.json()["error"]
            sys.exit(f"quickstart: {response.status_code} {error['code']}: {error['message']}")
        except (ValueError, KeyError):
            sys.exit(f"quickstart: {response.status_code}: {response.text[:200]}")
    return response.json()["data"]


def get(path):
    """Asks for a status. Asking again is free, so a server's bad moment is waited over."""
    for attempt in range(RETRIES + 1):
        response = api.get(BASE + path, timeout=30)
        if response.status_code not in (429, 500, 502, 503, 504) or attempt == RETRIES:
            return data(response)
        print(f"{response.status_code} on {path}, asking again")
        time.sleep(PAUSE)


def poll(path, ready):
    """Asks until the resource is ready, and fails when it failed."""
    while True:
        resource = get(path)
        if resource["status"] == "failed":
            reason = resource.get("failure_message") or [one["content"] for one in resource.get("messages", [])[:1]]
            sys.exit(f"quickstart: {path} failed: {reason}")
        if ready(resource):
            return resource
        if resource["status"] == "completed" and "session_id" in resource:
            sys.exit(f"quickstart: {path} ended without a video")
        time.sleep(PAUSE)


def inject_fault():
    """Has the simulator answer the next GET of a video with a 502 that is not even JSON."""
    effect = {"type": "answer", "status": 502, "content_type": "text/html", "body": "<h1>Bad Gateway</h1>"}
    fault = {"operation": "getVideoV3", "times": 1, "effect": effect}
    requests.post(BASE + "/__sim/faults", json=fault, timeout=30).raise_for_status()


def download(url, output):
    """The link is signed: it needs no key, and no other server should see one. What is half there has another name."""
    part = f"{output}.part"
    with requests.get(url, stream=True, timeout=30) as response:
        response.raise_for_status()
        with open(part, "wb") as file:
            for chunk in response.iter_content(64 * 1024):
                file.write(chunk)
    os.replace(part, output)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("output", nargs="?", default="launch.mp4")
    options.add_argument("--fault", action="store_true", help="have the simulator answer 502 once")
    options = options.parse_args()
    if options.fault:
        inject_fault()

    # Making a video costs money: a POST is not repeated.
    prompt = {"prompt": "A presenter explaining our launch in 30 seconds"}
    session = data(api.post(BASE + "/v3/video-agents", json=prompt, timeout=30))["session_id"]
    print(f"session {session}")
    # The agent thinks first; the video has an id once it is being made.
    video = poll(f"/v3/video-agents/{session}", lambda session: session["video_id"])["video_id"]
    print(f"video {video}")
    # `completed` may come a little before the link.
    ready = poll(f"/v3/videos/{video}", lambda video: video["status"] == "completed" and video.get("video_url"))
    download(ready["video_url"], options.output)
    print(f"downloaded {options.output}")


if __name__ == "__main__":
    try:
        main()
    except requests.RequestException as error:
        sys.exit(f"quickstart: {error}")
