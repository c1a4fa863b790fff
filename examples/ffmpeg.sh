#!/bin/sh
# Streams any file that ffmpeg reads, as if it were live:  ffmpeg.sh http://127.0.0.1:8000 film.mp4
set -eu
session=$(curl -fsS -X POST -H 'Content-Type: application/json' -d '{"title":"ffmpeg"}' "$1/api/v1/sessions")
field() { printf %s "$session" | sed -E "s/.*\"$1\": *\"([^\"]*)\".*/\1/"; }
echo "Watch at $(field watchUrl)"

ffmpeg -v error -re -i "$2" -c copy -f matroska "$1/ingest/$(field id)?token=$(field ingestToken)"

curl -fsS -X POST -o /dev/null -H "Authorization: Bearer $(field ingestToken)" "$1/api/v1/sessions/$(field id)/end"
