// SPDX-License-Identifier: Apache-2.0
//
// The page's files, compiled into the program: whoever reaches the listener by its name gets them,
// without a session, since there is nothing of this proxy in them.
#pragma once

#include <span>
#include <string_view>

#include "proxy/manage/answer.h"

namespace keyswap::manage {

struct PageFile {
  std::string_view path;  // "/app.js"; "/index.html" is "/", too
  std::string_view type;  // "text/javascript; charset=utf-8"
  std::string_view bytes;
};

// All of it constant. None: this program was built without a page, which "/" says.
using Page = std::span<const PageFile>;

// To a GET, or a HEAD, of `path`, which is none of the API's.
Answer answer_page(Page page, std::string_view method, std::string_view path);

}  // namespace keyswap::manage
