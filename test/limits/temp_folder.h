// SPDX-License-Identifier: Apache-2.0
//
// A folder for a ledger's file, gone at the end of the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace keyswap::limits::test {

class TempFolder {
 public:
  TempFolder() {
    path_ = (std::filesystem::temp_directory_path() / "keyswap-limits-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) {
      std::abort();
    }
  }

  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  TempFolder(TempFolder&&) = delete;
  TempFolder& operator=(TempFolder&&) = delete;

  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string file(const std::string& name = "limits.db") const {
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

}  // namespace keyswap::limits::test
