"""Takes uploads as LiveKit's observability endpoint does, reads them with LiveKit's own packages and an HTTP library that
has nothing to do with this project, and prints one JSON object for each that arrived whole.

Arguments: the API key, its secret, and how many uploads to take. The port is told on standard error.
"""

import asyncio
import datetime
import hashlib
import json
import sys

import jwt
from aiohttp import web
from google.protobuf.json_format import MessageToDict
from livekit import api
from livekit.protocol.metrics import MetricsRecordingHeader

KEY, SECRET, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])


def claims_of(token):
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], issuer=KEY, options={"require": ["exp", "nbf"]})
    claims["seconds"] = claims.pop("exp") - claims.pop("nbf")
    return claims


def upstream_token():
    grants = api.ObservabilityGrants(write=True)
    token = api.AccessToken(KEY, SECRET).with_observability_grants(grants).with_ttl(datetime.timedelta(hours=6))
    return token.to_jwt()


async def upload(request):
    scheme, _, token = request.headers["Authorization"].partition(" ")
    verified = api.TokenVerifier(KEY, SECRET, leeway=datetime.timedelta()).verify(token)
    report = {
        "scheme": scheme,
        "tokenHeader": jwt.get_unverified_header(token),
        "upstreamTokenHeader": jwt.get_unverified_header(upstream_token()),
        "claims": claims_of(token),
        "upstreamClaims": claims_of(upstream_token()),
        "mayWrite": verified.observability.write,
        "hasLength": request.content_length is not None,
        "parts": [],
    }
    async for part in await request.multipart():
        content = await part.read()
        if part.name == "header":
            report["header"] = MessageToDict(MetricsRecordingHeader.FromString(bytes(content)))
        if part.name == "chat_history":
            report["transcript"] = json.loads(content)
        report["parts"].append(
            {
                "name": part.name,
                "fileName": part.filename,
                "mediaType": part.headers["Content-Type"],
                "byteCount": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        )
    print(json.dumps(report), flush=True)
    request.app["taken"].append(None)
    if len(request.app["taken"]) == COUNT:
        asyncio.get_running_loop().call_later(0.2, request.app["over"].set)
    return web.json_response({"status": "ok"})


async def main():
    app = web.Application(client_max_size=1 << 26)
    app["taken"], app["over"] = [], asyncio.Event()
    app.router.add_post("/observability/recordings/v0", upload)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"listening on {runner.addresses[0][1]}.", file=sys.stderr, flush=True)
    await app["over"].wait()
    await runner.cleanup()


asyncio.run(main())
