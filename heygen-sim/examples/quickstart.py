#!/usr/bin/env python3
"""Creates a video from a prompt and downloads it: the quick start of HeyGen's documentation with `requests`.

    cargo run -p heygen-sim &                                  # the simulator; it ignores the content of the prompt
    python heygen-sim/examples/quickstart.py launch.mp4
    python heygen-sim/examples/quickstart.py --fault           # the same with one 502 response

With HEYGEN_API_BASE=https://api.heygen.com and your key in HEYGEN_API_KEY, it creates a real video. This takes about
twenty minutes and costs money.
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
    """Returns the `data` of a response. Exits with the service's message if the request was refused."""
    if not response.ok:
        try:
            error = response.json()["error"]
            sys.exit(f"quickstart: {response.status_code} {error['code']}: {error['message']}")
        except (ValueError, KeyError):
            sys.exit(f"quickstart: {response.status_code}: {response.text[:200]}")
    return response.json()["data"]


def get(path):
    """Reads a status. This may be repeated, so temporary errors are retried."""
    for attempt in range(RETRIES + 1):
        response = api.get(BASE + path, timeout=30)
        if response.status_code not in (429, 500, 502, 503, 504) or attempt == RETRIES:
            return data(response)
        print(f"{path}: status {response.status_code}, retrying")
        time.sleep(PAUSE)


def poll(path, ready):
    """Reads a resource until it is ready. Exits if it has failed."""
    while True:
        resource = get(path)
        if resource["status"] == "failed":
            messages = [message["content"] for message in resource.get("messages", [])[:1]]
            reason = resource.get("failure_message") or messages
            sys.exit(f"quickstart: {path} failed: {reason}")
        if ready(resource):
            return resource
        if resource["status"] == "completed" and "session_id" in resource:
            sys.exit(f"quickstart: {path} ended without a video")
        time.sleep(PAUSE)


def inject_fault():
    """Makes the simulator answer the next GET of a video with a 502 in HTML."""
    effect = {"type": "answer", "status": 502, "content_type": "text/html", "body": "<h1>Bad Gateway</h1>"}
    fault = {"operation": "getVideoV3", "times": 1, "effect": effect}
    requests.post(BASE + "/__sim/faults", json=fault, timeout=30).raise_for_status()


def download(url, output):
    """Downloads a file. The link is signed, so it needs no API key, and the file server must not receive one.

    The file gets its final name only when the download is complete.
    """
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
    options.add_argument("--fault", action="store_true", help="make the simulator answer with one 502 response")
    options = options.parse_args()
    if options.fault:
        inject_fault()

    # Creating a video costs money, so the POST is not retried.
    prompt = {"prompt": "A presenter explaining our launch in 30 seconds"}
    session = data(api.post(BASE + "/v3/video-agents", json=prompt, timeout=30))["session_id"]
    print(f"session {session}")
    # The session has a video id once the agent has started to create the video.
    video = poll(f"/v3/video-agents/{session}", lambda session: session["video_id"])["video_id"]
    print(f"video {video}")
    # The status may be `completed` shortly before the link exists.
    ready = poll(f"/v3/videos/{video}", lambda video: video["status"] == "completed" and video.get("video_url"))
    download(ready["video_url"], options.output)
    print(f"downloaded {options.output}")


if __name__ == "__main__":
    try:
        main()
    except requests.RequestException as error:
        sys.exit(f"quickstart: {error}")
