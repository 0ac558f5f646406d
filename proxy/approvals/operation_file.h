// SPDX-License-Identifier: Apache-2.0
//
// approvals.db: the operations, so that a restart forgets none, and what commands show of them.
// What a request asked for stands there sealed (whoever opens the file has the seal), and only
// while it may still be decided on or sent. Each row has the seal of its operation, which whoever
// believes it compares (proxy/net/approvals.h). One owner; what is written is durable when it
// returns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/approvals/operation.h"
#include "proxy/base/result.h"
#include "proxy/base/sqlite.h"

namespace keyswap::approvals {

// Of what was asked for, as vault::Sealed has it.
struct SealedRequest {
  std::string nonce;
  std::string box;
};

class OperationFile {
 public:
  // Opens the file or makes it, and makes its name durable. corrupt, unsupported, and what
  // base::Database::open says.
  static base::Result<OperationFile> open(const std::string& path);
  // Also while a proxy writes it. not_found where there is none.
  static base::Result<OperationFile> open_to_read(const std::string& path);

  // As another, with what was asked for.
  base::Status add(const Operation& operation, const SealedRequest& request);
  // In place of the one of that id. Of one that is over what was asked for goes.
  base::Status change(const Operation& operation);
  base::Status remove(std::string_view id);

  [[nodiscard]] base::Result<std::vector<Operation>> read();
  // not_found: it is gone, or there never was one.
  [[nodiscard]] base::Result<SealedRequest> read_request(std::string_view id);

 private:
  explicit OperationFile(base::Database database) : database_(std::move(database)) {}

  base::Database database_;
};

}  // namespace keyswap::approvals
