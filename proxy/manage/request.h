// SPDX-License-Identifier: Apache-2.0
//
// A request of the management API as its route gets it: who asks is known, and may.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/manage/answer.h"
#include "proxy/manage/sessions.h"
#include "vault/json.h"

namespace keyswap::manage {

// The parameters of a query, each name once.
using Query = std::map<std::string, std::string, std::less<>>;

struct Request {
  std::vector<std::string> ids;  // what stands for {...} in the path
  Query query;
  std::string_view body;
  std::string client;
  Session session;    // of the owner's Unix socket: "socket", admin
  std::string token;  // "" over that socket

  // "" where it is not there.
  [[nodiscard]] std::string_view asked(std::string_view name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string_view() : std::string_view(found->second);
  }
};

// The JSON object of a body, in locked memory (I1).
class Members {
 public:
  // Nothing, and `refusal` says why: it is no object, or has members beyond those known.
  static std::optional<Members> read(const Request& request,
                                     std::initializer_list<std::string_view> known,
                                     Answer& refusal);

  [[nodiscard]] vault::JsonView find(std::string_view name) const {
    return text_.root().member(name);
  }

  // A short text that is no secret; "" where there is none.
  [[nodiscard]] std::string plain(std::string_view name) const;

 private:
  explicit Members(vault::JsonText text) : text_(std::move(text)) {}

  vault::JsonText text_;
};

}  // namespace keyswap::manage
