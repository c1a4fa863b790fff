"""Streams a camera, or a video file, as JPEG frames:  webcam.py http://127.0.0.1:8000 [file]"""
import http.client, json, sys, time, urllib.parse, cv2

server, source = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else 0
connection = http.client.HTTPConnection(urllib.parse.urlparse(server).netloc)

def post(path, body, **headers):
    connection.request("POST", path, body, headers)
    return json.load(connection.getresponse())

session = post("/api/v1/sessions", b'{"input":"frames","title":"Webcam"}', **{"Content-Type": "application/json"})
print("Watch at", session["watchUrl"], flush=True)
camera, bearer = cv2.VideoCapture(source), "Bearer " + session["ingestToken"]
try:
    while (picture := camera.read())[0]:
        # A camera's picture was taken now; a file's says when.
        taken = time.time() if source == 0 else camera.get(cv2.CAP_PROP_POS_MSEC) / 1000
        post(f"/ingest/{session['id']}/frames?capturedAtUs={int(taken * 1e6)}",
             cv2.imencode(".jpg", picture[1])[1].tobytes(), Authorization=bearer)
except KeyboardInterrupt:
    pass
post(f"/api/v1/sessions/{session['id']}/end", b"", Authorization=bearer)
