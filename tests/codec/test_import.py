def test_the_codec_itself_does_not_load_pydantic(python):
    code = """
import sys, simpleflow_steps
before = set(sys.modules)
import simpleflow_steps.codec
print("pydantic_core" in set(sys.modules) - before)
"""

    assert python("-c", code) == "False\n"
