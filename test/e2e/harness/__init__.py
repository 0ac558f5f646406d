# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests are written with: the real binary, a recording upstream, raw clients.

    pki        certificates, made with the openssl command
    recorder   an upstream that stores the raw bytes it receives and answers as it is told
    proxy      a home folder, the commands, and `keyswap serve`
    client     CONNECT, TLS and HTTP/1.1 by hand, byte for byte
    exchange   a recorder that checks signatures as Binance does
    websocket  RFC 6455 by hand, for both ends
    message_exchange  the exchange of Binance's WebSocket API
    git        git's own server, and repositories
    jwt        JSON Web Tokens, verified by OpenSSL's command
    openid     a real OpenID provider, of npm
    chromium   Debian's Chromium, driven by its own protocol over a pipe
    packages   the sets of npm packages that clients need, installed once
    vendor     what doubles of services that keep secrets have in common: aws, google, onepassword
    kubernetes the token of a pod, and who says whether it is good
    auditlog   reads and judges the audit log without the program's help
    catalogue  entries of bindings from the catalogue of providers
    canary     looks for a secret, in many spellings, in everything a run wrote
    lifetime   what the tests started ends with them
    case       the TestCase that ties them together
"""
