// SPDX-License-Identifier: Apache-2.0
#include "bindings/public_suffix.h"

#include <libpsl.h>
#include <memory>

namespace keyswap::bindings {

namespace {

struct FreeList {
  void operator()(psl_ctx_t* list) const { psl_free(list); }
};

}  // namespace

bool is_public_suffix(const std::string& host) {
  // Loaded once; constant from then on (libpsl's look-ups only read it).
  static const std::unique_ptr<psl_ctx_t, FreeList> list(psl_latest(nullptr));
  // I13: without a list no wildcard can be judged, so none is accepted.
  return !list || psl_is_public_suffix2(list.get(), host.c_str(), PSL_TYPE_ANY) != 0;
}

}  // namespace keyswap::bindings
