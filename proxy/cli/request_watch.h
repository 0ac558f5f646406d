// SPDX-License-Identifier: Apache-2.0
//
// Did anything come to the proxy while a command ran? Read off the audit log, which has a record of
// every request and every tunnel. Others may use the same proxy: what comes of them counts, too, so
// that "nothing" is sure and "something" is not. Whether connections were opened at all says the
// kernel, for all programs of this network namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyswap::cli {

class RequestWatch {
 public:
  // From now on. `folder`: of the audit log, which may not be there yet.
  explicit RequestWatch(std::string folder);

  // Nothing where the log cannot be read.
  [[nodiscard]] std::optional<bool> has_seen_any() const;
  // Was a TCP connection opened by anybody? True where the kernel does not say.
  [[nodiscard]] bool were_connections_opened() const;

 private:
  std::string folder_;
  std::uint32_t segment_ = 0;  // the newest then; 0: there was none
  std::uint64_t offset_ = 0;   // its size then
  std::optional<std::uint64_t> opened_;
};

// The number of TCP connections that were opened, of the text of /proc/net/snmp. Pure.
std::optional<std::uint64_t> active_opens(std::string_view snmp);

}  // namespace keyswap::cli
