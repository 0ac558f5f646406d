// SPDX-License-Identifier: Apache-2.0
//
// What a browser may be made to do by the pages of others, and what is refused because of that,
// before anything is looked up: names that lead here by DNS (Host), requests of another origin, of
// another port of this machine too (Origin, Sec-Fetch-Site), and forms that need no permission
// (Content-Type). No answer lets another origin read it, and no preflight is granted. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proxy/http/message.h"
#include "proxy/manage/answer.h"

namespace keyswap::manage {

class BrowserRules {
 public:
  // Over a Unix socket no browser comes: a Host is what its client likes, and is not looked at.
  static BrowserRules of_unix_socket() { return BrowserRules({}); }

  // By that address, "127.0.0.1:8474", and the names of loopback with its port, which browsers
  // leave out where it is that of http.
  static BrowserRules of_address(const std::string& address);

  // What refuses the request; nothing: it may go on.
  [[nodiscard]] std::optional<Answer> check(const http::RequestHead& head) const;

 private:
  explicit BrowserRules(std::vector<std::string> names) : names_(std::move(names)) {}

  [[nodiscard]] bool is_named_rightly(const http::RequestHead& head) const;
  [[nodiscard]] bool is_own_origin(const http::RequestHead& head) const;

  std::vector<std::string> names_;  // "127.0.0.1:8474"; empty: any
};

// Does the method change nothing?
bool is_reading(std::string_view method);

}  // namespace keyswap::manage
