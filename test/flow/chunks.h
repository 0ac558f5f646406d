// SPDX-License-Identifier: Apache-2.0
//
// A response as its client reads it: where it came in chunks, they are put together.
#pragma once

#include <string>

namespace keyswap::test {

inline std::string without_chunks(const std::string& response) {
  const std::size_t field = response.find("Transfer-Encoding: chunked\r\n");
  if (field == std::string::npos) {
    return response;
  }
  std::size_t at = response.find("\r\n\r\n", field) + 4;
  std::string whole = response.substr(0, at);
  while (at < response.size()) {
    const std::size_t line_end = response.find("\r\n", at);
    const std::size_t size = std::stoul(response.substr(at, line_end - at), nullptr, 16);
    whole += response.substr(line_end + 2, size);
    at = line_end + 2 + size + 2;
  }
  return whole;
}

}  // namespace keyswap::test
