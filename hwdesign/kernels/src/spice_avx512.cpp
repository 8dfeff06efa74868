// Compiled with the flags of its instruction set; see CMakeLists.txt.
#if defined(__x86_64__) && defined(__GNUC__)
#define HW_DOUBLES 8
#include "spice_newton_block.hpp"
#include "spice_steps.hpp"
#include "spice_newton_steps.hpp"

StepFunction avx512_steps(int lanes) { return steps_of(lanes); }
NewtonSteps avx512_newton(int lanes) { return newton_of(lanes); }

}  // namespace hwdesign::spice
#endif
