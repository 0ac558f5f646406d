# SPDX-License-Identifier: Apache-2.0
"""git's own server behind a recorder (`git http-backend` by CGI, RFC 3875), and repositories for it."""

import base64
import subprocess

from . import proxy


def basic(token):
    """As git sends a token that stands for a password."""
    return "Basic " + base64.b64encode(f"x-access-token:{token}".encode()).decode()


class Backend:
    """A recorder's handler; who is not welcome (by the value of Authorization, or None) is answered 401."""

    def __init__(self, folder, is_welcome):
        self.folder, self.is_welcome = folder, is_welcome

    def __call__(self, request, connection):
        if not self.is_welcome(request.get("Authorization")):
            connection.answer(401, b"", [("WWW-Authenticate", 'Basic realm="git"')], "Unauthorized")
            return
        path, _, query = request.target.partition("?")
        more = {"CONTENT_LENGTH": str(len(request.body))} if request.method == "POST" else {}
        environment = proxy.clean_environment(
            GIT_PROJECT_ROOT=self.folder, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path, QUERY_STRING=query,
            REQUEST_METHOD=request.method, CONTENT_TYPE=request.get("Content-Type", ""), REMOTE_USER="ann", REMOTE_ADDR="127.0.0.1",
            HTTP_CONTENT_ENCODING=request.get("Content-Encoding", ""), GIT_PROTOCOL=request.get("Git-Protocol", ""), **more)
        done = subprocess.run(["git", "http-backend"], input=request.body, env=environment, capture_output=True, check=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = [tuple(line.split(": ", 1)) for line in head.decode("latin-1").split("\r\n")]
        status = next((value for name, value in fields if name == "Status"), "200 OK")
        connection.answer(int(status[:3]), body, [field for field in fields if field[0] != "Status"], status[4:])


def git(home, *words, cwd=None):
    """git without keyswap, on folders; `home` is the user's."""
    done = subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], cwd=cwd, check=True, capture_output=True,
                          env=proxy.clean_environment(HOME=home))
    return done.stdout.decode().strip()


def make_served(scratch, name):
    """A bare repository with some history, for a Backend of scratch/served at /team/NAME.git; its folder."""
    source, folder = scratch / f"{name}-source", scratch / "served" / "team" / f"{name}.git"
    git(scratch, "init", "-q", "-b", "main", str(source))
    for number in range(3):
        (source / f"file{number}").write_text("content\n" * 100 * (number + 1))
        git(scratch, "add", ".", cwd=source)
        git(scratch, "commit", "-q", "-m", f"commit {number}", cwd=source)
    git(scratch, "clone", "-q", "--bare", str(source), str(folder))
    git(scratch, "config", "http.receivepack", "true", cwd=folder)
    return folder
