"""Serves the simulated AWS by HTTPS and by HTTP until its parent goes, and writes where into FOLDER/served.json."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from moto.core.config import default_user_config
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from tests.aws.cloud import access, answers, certificate, eks, emr, machines, redshift, tasks
from tests.aws.cloud.place import Place


def serve(folder: Path) -> None:
    certificate.make(folder)
    app = DomainDispatcherApplication(create_backend_app)
    plain = _server(app)
    encrypted = _server(app, ssl_context=(str(folder / certificate.CERTIFICATE), str(folder / certificate.KEY)))
    os.environ["MOTO_PORT"] = str(plain.server_port)  # moto's own calls of itself

    default_user_config["stepfunctions"]["execute_state_machine"] = True
    place = Place(folder, f"http://127.0.0.1:{plain.server_port}", f"https://127.0.0.1:{encrypted.server_port}")
    answers.complete()
    redshift.complete()
    eks.complete()
    emr.complete()
    access.enforce_conditions()
    tasks.run_as_processes(place)
    machines.act_as_roles(place)

    for server in (plain, encrypted):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    served = folder / "served.json"
    served.with_suffix(".new").write_text(json.dumps({"http": place.http, "https": place.https}))
    served.with_suffix(".new").rename(served)
    sys.stdin.read()  # ends with the parent


def _server(app: DomainDispatcherApplication, ssl_context: tuple[str, str] | None = None) -> BaseWSGIServer:
    server = make_server(
        "127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler, ssl_context=ssl_context
    )
    if ssl_context:  # a handshake belongs to its request's thread: otherwise one slow client keeps all others waiting
        server.socket.do_handshake_on_connect = False
    return server


serve(Path(sys.argv[1]))
