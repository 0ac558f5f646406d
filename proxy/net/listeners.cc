// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/listeners.h"

#include <utility>

namespace keyswap::net {

base::Result<int> bind_early(const ListenOn& where) {
  return uv::Acceptor::bind({where.host, where.port});
}

base::Status Listeners::open(uv::Loop& loop, const ListenPlan& plan, uv::AcceptEvents& events) {
  for (const ListenOn& where : plan.on) {
    if (auto opened = open_one(loop, where, events); !opened) {
      if (plan.failed) {
        plan.failed(where);
      }
      return opened;
    }
  }
  return {};
}

base::Status Listeners::open_one(uv::Loop& loop, const ListenOn& where, uv::AcceptEvents& events) {
  if (!where.unix_path.empty()) {
    acceptors_.push_back(uv::Acceptor::adopt(loop, where.unix_socket, events));
    addresses_.push_back("unix:" + where.unix_path);
    return {};
  }
  auto acceptor = where.bound >= 0 ? uv::Acceptor::listen(loop, where.bound, events)
                                   : uv::Acceptor::listen(loop, {where.host, where.port}, events);
  if (!acceptor) {
    return acceptor.error();
  }
  endpoints_.push_back((*acceptor)->local());
  addresses_.push_back(uv::to_string(endpoints_.back()));
  acceptors_.push_back(std::move(*acceptor));
  return {};
}

}  // namespace keyswap::net
