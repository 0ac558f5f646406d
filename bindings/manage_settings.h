// SPDX-License-Identifier: Apache-2.0
//
// `manage:` of bindings.yaml: the listener from which keyswap is seen and told (proxy/manage).
#pragma once

#include <string>

namespace keyswap::bindings {

struct ManageSettings {
  std::string listen;           // as written: "127.0.0.1:8474", "unix:/run/keyswap/manage.sock"
  bool edits_bindings = false;  // may the bindings be changed by it?
};

}  // namespace keyswap::bindings
