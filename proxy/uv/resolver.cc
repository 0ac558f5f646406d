// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/resolver.h"

#include <algorithm>
#include <utility>

#include <uv.h>

#include "proxy/base/limits.h"
#include "proxy/uv/address.h"

namespace keyswap::uv {

struct Lookup::State {
  uv_getaddrinfo_t request{};
  Done done;                    // empty once the Lookup is gone
  std::shared_ptr<State> self;  // while the request is under way

  static void on_answer(uv_getaddrinfo_t* request, int status, addrinfo* answer) noexcept {
    const auto state = std::move(static_cast<State*>(request->data)->self);
    std::vector<std::string> addresses;
    for (const addrinfo* entry = answer; entry != nullptr; entry = entry->ai_next) {
      if (addresses.size() < base::limits::kAddressesPerHostMax) {
        std::string text = from_sockaddr(*entry->ai_addr).address;
        if (std::ranges::find(addresses, text) == addresses.end()) {
          addresses.push_back(std::move(text));
        }
      }
    }
    uv_freeaddrinfo(answer);
    const Done done = std::exchange(state->done, nullptr);
    if (!done) {
      return;
    }
    if (status != 0 || addresses.empty()) {
      const bool is_unknown = status == 0 || status == UV_EAI_NONAME || status == UV_EAI_NODATA;
      done(base::Error{is_unknown ? base::Errc::not_found : base::Errc::network,
                       "the name does not resolve",
                       status});
    } else {
      done(std::move(addresses));
    }
  }
};

Lookup::Lookup(Loop& loop, const std::string& host, Done done) : state_(std::make_shared<State>()) {
  KS_ASSERT(host.size() <= 253);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  state_->done = std::move(done);
  state_->request.data = state_.get();
  state_->self = state_;
  const int failed =
      uv_getaddrinfo(loop.raw(), &state_->request, State::on_answer, host.c_str(), nullptr, &hints);
  if (failed != 0) {
    state_->self.reset();
    // Told later like every answer, so that nobody is called from inside their own constructor.
    loop.post([state = state_, failed] {
      if (const Done told = std::exchange(state->done, nullptr)) {
        told(base::Error{base::Errc::network, "the name cannot be looked up", failed});
      }
    });
  }
}

Lookup::~Lookup() {
  state_->done = nullptr;
  if (state_->self != nullptr) {
    uv_cancel(reinterpret_cast<uv_req_t*>(&state_->request));
  }
}

}  // namespace keyswap::uv
