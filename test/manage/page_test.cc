// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/page.h"

#include <array>

#include <catch2/catch.hpp>

namespace keyswap::manage {

TEST_CASE("the page's files are had by their exact paths, and read alone") {
  constexpr std::array kFiles{
      PageFile{"/index.html", "text/html; charset=utf-8", "<!doctype html>"},
      PageFile{"/app.js", "text/javascript; charset=utf-8", "let a;"}};
  const Page page(kFiles);
  CHECK(answer_page(page, "GET", "/").body == "<!doctype html>");
  CHECK(answer_page(page, "HEAD", "/index.html").type == "text/html; charset=utf-8");
  CHECK(answer_page(page, "GET", "/app.js").body == "let a;");
  for (const char* const path : {"/app.js/", "//app.js", "/App.js", "/../app.js", "/index", ""}) {
    CHECK(answer_page(page, "GET", path).status == 404);
  }
  CHECK(answer_page(page, "POST", "/").status == 405);
}

TEST_CASE("a program without a page says so") {
  const Answer answer = answer_page({}, "GET", "/");
  CHECK(answer.status == 404);
  CHECK(answer.body.find("built without a page") != std::string::npos);
}

}  // namespace keyswap::manage
