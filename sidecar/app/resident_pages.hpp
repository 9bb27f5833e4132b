#pragma once

namespace outrider::app {

/// Gives back what the start alone needed: pages of code and of constants of the program and its libraries, which are
/// mapped again when somebody comes by (they are the files' own), and free pages of the heap. Three quarters of the
/// code that is resident after a start are never needed again.
void forget_the_start();

}  // namespace outrider::app
