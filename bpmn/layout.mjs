// Writes the diagram of each model from the coordinates next to this file, so that a change of the
// process never means dragging shapes. `--check` only says whether the diagrams are up to date.
// Everything above the diagram in a model stays byte for byte as it was written.
import { readFileSync, writeFileSync } from "node:fs";
import { BpmnModdle } from "bpmn-moddle";
import { orderFallout, orderFulfillment } from "./coordinates.mjs";

const MODELS = { "order-fulfillment.bpmn": orderFulfillment, "order-fallout.bpmn": orderFallout };
const EVENT = [36, 36];
const GATEWAY = [50, 50];
const TASK = [110, 80];
const LABEL_WIDTH = 104;
const LINE_HEIGHT = 14;
const CHARACTER_WIDTH = 7; // of the widest of the usual fonts, at the viewer's 11 px

function sizeOf(element) {
  if (/Event$/.test(element.$type)) return EVENT;
  return /Gateway$/.test(element.$type) ? GATEWAY : TASK;
}

function boundsOf(element, places) {
  const box = places.boxes[element.id];
  if (box) return { x: box[0], y: box[1], width: box[2], height: box[3] };
  const point = places.points[element.id];
  if (!point) throw new Error(`${element.id} has no coordinates`);
  return centred(point, ...sizeOf(element));
}

function centred([x, y], width, height) {
  return { x: x - width / 2, y: y - height / 2, width, height };
}

function labelSize(text) {
  const lines = [0];
  for (const word of text.split(" ")) {
    const last = lines.length - 1;
    const length = lines[last] + (lines[last] ? 1 : 0) + word.length;
    if (length * CHARACTER_WIDTH > LABEL_WIDTH && lines[last]) lines.push(word.length);
    else lines[last] = length;
  }
  return [Math.max(...lines) * CHARACTER_WIDTH + 10, lines.length * LINE_HEIGHT];
}

function labelBounds(element, bounds, offset) {
  const [width, height] = labelSize(element.name);
  const centre = [bounds.x + bounds.width / 2, bounds.y + bounds.height / 2];
  const [dx, dy] = offset ?? [0, bounds.height / 2 + 7 + height / 2];
  return centred([centre[0] + dx, centre[1] + dy], width, height);
}

// The border point of a shape that faces `other`, straight up, down, left or right.
function dock(bounds, other) {
  const { x, y, width, height } = bounds;
  if (other.x >= x && other.x <= x + width) return { x: other.x, y: other.y < y ? y : y + height };
  if (other.y >= y && other.y <= y + height) return { x: other.x < x ? x : x + width, y: other.y };
  throw new Error("a flow is neither horizontal nor vertical");
}

function middle({ x, y, width, height }) {
  return { x: x + width / 2, y: y + height / 2 };
}

// A straight flow runs through the centre of the smaller shape.
function waypoints(source, target, corners = []) {
  const inner = corners.map(([x, y]) => ({ x, y }));
  if (inner.length) return [dock(source, inner[0]), ...inner, dock(target, inner.at(-1))];
  if (source.height > target.height) {
    const start = dock(source, middle(target));
    return [start, dock(target, start)];
  }
  const end = dock(target, middle(source));
  return [dock(source, end), end];
}

function boundsXml({ x, y, width, height }, indent) {
  return `${indent}<dc:Bounds x="${x}" y="${y}" width="${width}" height="${height}" />`;
}

function labelXml(bounds) {
  return ["        <bpmndi:BPMNLabel>", boundsXml(bounds, "          "), "        </bpmndi:BPMNLabel>"];
}

function shapeXml(element, bounds, places) {
  const kind = element.$type.slice("bpmn:".length);
  let extra = kind === "SubProcess" ? ' isExpanded="true"' : "";
  if (kind === "ExclusiveGateway") extra = ' isMarkerVisible="true"';
  const isLabelOutside = element.name && /Event$|Gateway$/.test(kind);
  const label = isLabelOutside
    ? labelXml(labelBounds(element, bounds, places.points[element.id][2]))
    : [];
  return [
    `      <bpmndi:BPMNShape id="${element.id}_shape" bpmnElement="${element.id}"${extra}>`,
    boundsXml(bounds, "        "),
    ...label,
    "      </bpmndi:BPMNShape>",
  ];
}

function edgeXml(flow, shapes, places) {
  const ends = [shapes.get(flow.sourceRef.id), shapes.get(flow.targetRef.id)];
  const label = places.flowLabels[flow.id];
  return [
    `      <bpmndi:BPMNEdge id="${flow.id}_edge" bpmnElement="${flow.id}">`,
    ...waypoints(...ends, places.routes[flow.id]).map(
      ({ x, y }) => `        <di:waypoint x="${x}" y="${y}" />`,
    ),
    ...(flow.name ? labelXml(centred(label, ...labelSize(flow.name))) : []),
    "      </bpmndi:BPMNEdge>",
  ];
}

// Containers before their content, boundary events after what they sit on.
function flatten(container) {
  return (container.flowElements ?? []).flatMap((element) => [element, ...flatten(element)]);
}

function refuseUnknownIds(places, elements) {
  const known = new Set(elements.map((element) => element.id));
  for (const table of Object.values(places)) {
    for (const id of Object.keys(table)) {
      if (!known.has(id)) throw new Error(`coordinates name ${id}, which is not in the model`);
    }
  }
}

async function diagramOf(xml, places) {
  const { rootElement } = await new BpmnModdle().fromXML(xml);
  const process = rootElement.rootElements.find((root) => root.$type === "bpmn:Process");
  const elements = flatten(process);
  refuseUnknownIds(places, elements);
  const isFlow = (element) => element.$type === "bpmn:SequenceFlow";
  const isBoundary = (element) => element.$type === "bpmn:BoundaryEvent";
  const nodes = elements.filter((element) => !isFlow(element));
  const inOrder = [...nodes.filter((node) => !isBoundary(node)), ...nodes.filter(isBoundary)];
  const shapes = new Map(inOrder.map((node) => [node.id, boundsOf(node, places)]));
  return [
    `  <bpmndi:BPMNDiagram id="${process.id}-diagram">`,
    `    <bpmndi:BPMNPlane id="${process.id}-plane" bpmnElement="${process.id}">`,
    ...inOrder.flatMap((node) => shapeXml(node, shapes.get(node.id), places)),
    ...elements.filter(isFlow).flatMap((flow) => edgeXml(flow, shapes, places)),
    "    </bpmndi:BPMNPlane>",
    "  </bpmndi:BPMNDiagram>",
    "</bpmn:definitions>",
    "",
  ].join("\n");
}

const isCheck = process.argv.includes("--check");
let stale = 0;
for (const [file, places] of Object.entries(MODELS)) {
  const path = new URL(file, import.meta.url);
  const before = readFileSync(path, "utf8");
  const model = before.split(/ *<bpmndi:BPMNDiagram|<\/bpmn:definitions>/)[0];
  const after = model + (await diagramOf(`${model}</bpmn:definitions>`, places));
  if (after === before) continue;
  stale += 1;
  if (isCheck) console.error(`${file}: the diagram is out of date, run \`npm --prefix bpmn run layout\``);
  else writeFileSync(path, after);
}
process.exitCode = isCheck && stale ? 1 : 0;
