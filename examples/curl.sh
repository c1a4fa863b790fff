#!/bin/sh
# Sends a recording (WebM, fragmented MP4, MPEG-TS) as it is:  curl.sh http://127.0.0.1:8000 recording.webm
set -eu
session=$(curl -fsS -X POST -H 'Content-Type: application/json' -d '{"title":"curl"}' "$1/api/v1/sessions")
field() { printf %s "$session" | sed -E "s/.*\"$1\": *\"([^\"]*)\".*/\1/"; }
echo "Watch at $(field watchUrl)"

curl -fsS -o /dev/null -T "$2" -X POST -H "Authorization: Bearer $(field ingestToken)" "$1/ingest/$(field id)"

curl -fsS -X POST -o /dev/null -H "Authorization: Bearer $(field ingestToken)" "$1/api/v1/sessions/$(field id)/end"
