// SPDX-License-Identifier: Apache-2.0
//
// A folder that looks like a home (no vault in it that opens), gone at the end of the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

#include "proxy/cli/home.h"

namespace keyswap::test {

class TempHome {
 public:
  TempHome() {
    const char* folder = std::getenv("TMPDIR");
    path_ = std::string(folder == nullptr ? "/tmp" : folder) + "/keyswap-home-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) {
      std::abort();
    }
  }

  TempHome(const TempHome&) = delete;
  TempHome& operator=(const TempHome&) = delete;
  TempHome(TempHome&&) = delete;
  TempHome& operator=(TempHome&&) = delete;

  ~TempHome() {
    std::error_code ignored;
    chmod(path_.c_str(), 0700);
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] cli::Home home() const { return cli::Home{path_}; }

  // A file in it; gives its path.
  [[nodiscard]] std::string put(const std::string& name,
                                std::string_view text,
                                mode_t mode = 0600) const {
    std::string path = path_ + "/" + name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

 private:
  std::string path_;
};

}  // namespace keyswap::test
