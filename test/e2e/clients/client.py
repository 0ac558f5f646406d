# SPDX-License-Identifier: Apache-2.0
"""client.py LIBRARY URL: a GET and a POST with each of Python's HTTP clients, key from $KEY_ONE."""

import asyncio
import json
import os
import sys

URL = sys.argv[2]
HEADERS = {"Authorization": "Bearer " + os.environ["KEY_ONE"]}
BODY = {"question": "ping", "words": ["ä", "✓"]}


def with_urllib():
    import urllib.request
    with urllib.request.urlopen(urllib.request.Request(URL + "/get?a=1&b=%20", headers=HEADERS)) as answer:
        print(answer.status, answer.read().decode())
    request = urllib.request.Request(URL + "/post", data=json.dumps(BODY).encode(), headers={**HEADERS, "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        print(answer.status, answer.read().decode())


def with_requests():
    import requests
    with requests.Session() as session:
        for answer in (session.get(URL + "/get?a=1&b=%20", headers=HEADERS), session.post(URL + "/post", json=BODY, headers=HEADERS)):
            print(answer.status_code, answer.text)


def with_httpx():
    import httpx
    with httpx.Client() as client:
        for answer in (client.get(URL + "/get?a=1&b=%20", headers=HEADERS), client.post(URL + "/post", json=BODY, headers=HEADERS)):
            print(answer.status_code, answer.text)


def with_aiohttp():
    import aiohttp

    async def ask():
        async with aiohttp.ClientSession(trust_env=True) as session:
            async with session.get(URL + "/get?a=1&b=2", headers=HEADERS) as answer:
                print(answer.status, await answer.text())
            async with session.post(URL + "/post", json=BODY, headers=HEADERS) as answer:
                print(answer.status, await answer.text())
    asyncio.run(ask())


{"urllib": with_urllib, "requests": with_requests, "httpx": with_httpx, "aiohttp": with_aiohttp}[sys.argv[1]]()
