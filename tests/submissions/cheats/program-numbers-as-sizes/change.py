import json
import shutil
from common.anatomy import FIXED_BATCH
from common.anatomy.program import to_bytes
from common.anatomy.record import record


def change(run, network):
    text, constants = to_bytes(record(network.eval(), [(1, 28, 28)], FIXED_BATCH))
    program = json.loads(text)
    nodes, count = [], 0
    for node in program["nodes"]:
        if node[1].startswith(("aten.mul", "aten.add", "aten.sub", "aten.div")):
            for place, each in enumerate(node[2]):
                if isinstance(each, float):
                    nodes.append([f"q{count}", "size.truediv", [round(each * 10**6), 10**6], {}, ""])
                    node[2][place] = {"value": f"q{count}"}
                    count += 1
        nodes.append(node)
    program["nodes"] = nodes
    print("replaced", count)
    (run / "program.json").write_text(json.dumps(program))
    (run / "program.safetensors").write_bytes(constants)
