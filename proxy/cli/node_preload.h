// SPDX-License-Identifier: Apache-2.0
//
// What `run` and `env` load into every Node program (NODE_OPTIONS=--require=...): TLS connections,
// and plain ones of the module `http`, go through the proxy of HTTPS_PROXY, but for NO_PROXY. Node
// before 22.21 and 24.5 reads neither variable, and no Node does for agents of a program's own,
// for `ws` and for `tls`. Without it such programs would go past keyswap in silence.
#pragma once

#include <string>
#include <string_view>

namespace keyswap::cli {

// The text of the file: JavaScript (CommonJS) without dependencies, for Node 14 and later.
std::string_view node_preload_text();

// The word for NODE_OPTIONS that loads the file at `path`.
std::string node_preload_option(std::string_view path);

}  // namespace keyswap::cli
